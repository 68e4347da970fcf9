/** The tail: the newest events and refused requests as they come, second by second. */
import type { EventSummary } from '../../../inbox/summary.ts';
import { refreshLink, showChoice } from '../forms.ts';
import { html, type Markup, tableOf } from '../html.ts';
import { definePage, type PageRequest, type PageSource, type View } from '../page.ts';
import { badge, bytesText, timeTag } from '../words.ts';

const SHOWN = 50;
/** A source that is rare is not looked for for long: the tail is about what comes now. */
const BOUND = { looks: 20_000, ms: 200 } as const;

interface LiveRow {
  readonly kind: 'event' | 'refused';
  readonly id: string;
  readonly at: string;
  readonly source: string;
  /** Of an event its type, of a refused request the code. */
  readonly what: string | null;
  readonly bytes: number | null;
  readonly states: EventSummary['handlers'] | null;
}

interface LiveTail {
  readonly rows: readonly LiveRow[];
  readonly isWhole: boolean;
  readonly sources: readonly string[];
}

export const livePage = definePage<LiveTail>({
  path: '/live',
  title: 'Live',
  nav: 'Live',
  fields: {
    rows: `the newest ${SHOWN} events and refused requests, the newest first: \`kind\` (\`event\` or \`refused\`), \`id\`, \`at\`, \`source\`, \`what\` (the type, or the code), \`bytes\`, and of an event the \`states\` by handler; of the query \`source\` tells which`,
    isWhole: 'false: there may be older ones of that source that were not looked for',
    sources: 'the sources that there are',
  },
  read: readLive,
  show: showLive,
});

async function readLive({ reading, refused, config }: PageSource, { query }: PageRequest): Promise<LiveTail> {
  const source = query.get('source')?.trim() || undefined;
  const [page, latest] = await Promise.all([
    reading.ask('page', source === undefined ? {} : { source }, { limit: SHOWN, bound: BOUND }),
    refused.ask('latest', source, SHOWN),
  ]);
  const rows: LiveRow[] = [
    ...page.events.map(({ id, receivedAt, source: of, type, bytes, handlers: states }) => ({
      ...{ kind: 'event' as const, id, at: receivedAt, source: of, what: type, bytes, states },
    })),
    ...latest.map(({ id, receivedAt, source: of, code, bytes }) => ({
      ...{ kind: 'refused' as const, id, at: receivedAt, source: of, what: code, bytes, states: null },
    })),
  ];
  return {
    rows: rows.toSorted((one, other) => (one.at < other.at ? 1 : -1)).slice(0, SHOWN),
    isWhole: page.endedBy !== 'bound',
    sources: config().sources.map(({ name }) => name),
  };
}

function showLive({ rows, isWhole, sources }: LiveTail, view: View): Markup {
  const { link } = view;
  const shown = rows.map(({ kind, id, at, source, what, bytes, states }) => {
    const isEvent = kind === 'event';
    const outcome = isEvent
      ? (states ?? []).map(
          ({ handler, state }) =>
            html`${badge(state, `${handler.slice(handler.indexOf('/') + 1)}: ${state}`)} `,
        )
      : badge('refused', what ?? 'refused');
    return html`<tr><th scope="row">${timeTag(at)}</th><td data-name="source">${source}</td><td data-name="type" class="wrap said">${isEvent ? (what ?? '–') : '–'}</td><td data-name="outcome">${outcome}</td><td data-name="size" class="number">${bytes === null ? '–' : bytesText(bytes)}</td><td data-name="id"><a class="mono" href="${link(`/${isEvent ? 'events' : 'refused'}/${id}`)}">${id}</a></td></tr>`;
  });
  return html`<form class="filters" method="get" action="${link('/live')}">${showChoice(view, 'source', 'Source', sources)}<button>Filter</button></form>
${refreshLink(view, '/live', { source: view.query.get('source') })}
<div id="tail" data-live data-every="1">${rows.length === 0 ? html`<p class="note">${badge('waiting')} Nothing has come yet. <code>npm run send -- shippo</code> sends an event; it is here a second later.</p>` : tableOf(['came', 'source', 'type', 'outcome', '#size', 'id'], shown)}
${!isWhole && html`<p class="hint">Older ones of this source were not looked for: <a href="${link('/events', { source: view.query.get('source') })}">the list of events</a> does.</p>`}</div>`;
}
