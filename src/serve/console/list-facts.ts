/**
 * What the list of events shows: a page of a selection, or what the search box finds. A walk through events without an index looks at
 * what it can in two seconds, and the next page goes on from there.
 */
import { iso } from '../../base/times.ts';
import { idOf, numberOf, timeOfNumber } from '../../inbox/event-id.ts';
import type { Page } from '../../inbox/search.ts';
import type { SelectionProblem } from '../../inbox/selection.ts';
import { describeSelection } from '../../inbox/selection-words.ts';
import type { EventSummary } from '../../inbox/summary.ts';
import { PageError, type PageRequest, type PageSource } from './page.ts';
import { selectionInQuery, soundSelectionIn } from './selection-query.ts';

const PAGE_EVENTS = 50;
const PAGE_MOST = 500;
const PAGE_BOUND = { looks: 1_000_000, ms: 2_000 } as const;
/** So many events can be saved at a time. */
const SAVED_MOST = 100_000;

export interface EventList {
  readonly selected: string;
  readonly problems: readonly SelectionProblem[];
  /** By what the search box has found it. */
  readonly foundBy: 'id' | 'their id' | 'key' | null;
  readonly events: readonly EventSummary[];
  readonly next: string | null;
  readonly endedBy: Page['endedBy'];
  readonly looked: { readonly events: number; readonly backTo: string | null };
  readonly total: Page['total'];
  readonly indexedTo: string | null;
  readonly names: { readonly sources: readonly string[]; readonly handlers: readonly string[] };
}

const NOTHING: Page = {
  ...{ events: [], next: null, endedBy: 'end', looked: 0, total: { count: 0, isWhole: true } },
};

export async function readEventList(from: PageSource, { query, now }: PageRequest): Promise<EventList> {
  const { sources } = from.config();
  const names = {
    sources: sources.map(({ name }) => name),
    handlers: sources.flatMap(({ routes }) => routes.map(({ handler }) => handler)),
  };
  const text = query.get('q')?.trim() ?? '';
  if (text !== '') {
    const found = await from.reading.ask('find', text, pageLimitIn(query));
    const selected = `what has ${text} as its id or its key`;
    return listOf(selected, [], found?.page ?? NOTHING, names, found?.way ?? null);
  }
  const { selection, problems } = selectionInQuery(query, now);
  const before = query.get('before');
  const after = before === null || before === '' ? {} : { before: cursorNumber(before) };
  const bound = { limit: pageLimitIn(query), bound: PAGE_BOUND, ...after };
  const page = problems.length > 0 ? NOTHING : await from.reading.ask('page', selection, bound);
  return listOf(problems.length > 0 ? '' : describeSelection(selection), problems, page, names, null);
}

function listOf(
  selected: string,
  problems: readonly SelectionProblem[],
  { events, next, endedBy, looked, total, indexedTo }: Page,
  names: EventList['names'],
  foundBy: EventList['foundBy'],
): EventList {
  const timeAt = (number: number) => iso(timeOfNumber(number));
  return {
    ...{ selected, problems, foundBy, events, endedBy, total, names },
    next: next === null ? null : idOf(next),
    looked: { events: looked, backTo: next === null ? null : timeAt(next) },
    indexedTo: indexedTo === undefined ? null : timeAt(indexedTo),
  };
}

function cursorNumber(id: string): number {
  const number = numberOf(id);
  if (number === undefined)
    throw new PageError(400, 'before wants the id of an event: the last of the page before');
  return number;
}

function pageLimitIn(query: URLSearchParams): number {
  const limit = Number(query.get('limit') ?? PAGE_EVENTS);
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE_MOST) return limit;
  throw new PageError(400, `limit is a whole number from 1 to ${PAGE_MOST}`);
}

/** One JSON object a line, newest first, as `consignee events list --json` has them. */
export async function readSavedEvents(from: PageSource, { query, now }: PageRequest) {
  const selection = soundSelectionIn(query, now);
  async function* lines() {
    let [before, saved]: [{ before?: number }, number] = [{}, 0];
    for (;;) {
      const page = await from.reading.ask('page', selection, { limit: PAGE_MOST, ...before });
      for (const event of page.events) yield `${JSON.stringify(event)}\n`;
      saved += page.events.length;
      if (page.next === null || saved >= SAVED_MOST) return;
      before = { before: page.next };
    }
  }
  return { name: 'events.ndjson', content: lines() };
}
