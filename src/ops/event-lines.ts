/** Writes an event for people: as the row of a list, or with all that is known of it. Used by list.ts, show.ts and tail.ts. */
import { clean } from '../base/log/redact.ts';
import { shortTime } from '../base/times.ts';
import type { AttemptRecord, EventDetails, EventSummary, ItemState, PurgedEvent } from '../inbox/summary.ts';
import { columns } from './terminal.ts';

export const EVENT_HEADER = ['event', 'received', 'source', 'type', 'handlers'];

const REASON_MOST = 120;

export function eventCells({ id, receivedAt, source, type, handlers, held }: EventSummary): string[] {
  const states = handlers.map(({ handler, state, error, items }) => {
    const why = error === null ? '' : ` (${shortened(error)})`;
    return `${handler.split('/')[1]}: ${items ? countedStates(items) : state}${why}`;
  });
  const why = held === null ? [] : [`(${held})`];
  const fate = [states.join(', '), ...why].filter(Boolean).join('  ');
  return [id, shortTime(Date.parse(receivedAt)), source, clean(type ?? '-'), fate];
}

/** `98 done, 2 dead` */
function countedStates(items: NonNullable<EventSummary['handlers'][number]['items']>): string {
  return Object.entries(items)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}

function shortened(error: string): string {
  // Below its first line are the places in the code.
  const [first = ''] = error.split('\n');
  const line = clean(first);
  return line.length > REASON_MOST ? `${line.slice(0, REASON_MOST)}…` : line;
}

/** `keys`: the values by which it can be found. */
export function detailsOf(event: EventDetails, keys: ReadonlyMap<string, readonly string[]>): string[] {
  return [
    event.id,
    ...columns([
      ['  received', `${event.receivedAt} from ${event.address}`],
      ['  source', event.source],
      ['  type', clean(event.type ?? '-')],
      ['  their id', clean(event.externalId ?? '-')],
      ...[...keys].map(([name, values]) => [`  ${name}`, clean(values.join(', '))]),
      ['  body', event.bytes === null ? 'purged' : `${event.bytes} bytes`],
      ...(event.held === null ? [] : [['  held', event.held]]),
      ...event.handlers.map(({ handler, items, ...state }) => [
        `  ${handler}`,
        items ? `of its items: ${countedStates(items)}` : stateText(state),
      ]),
    ]),
    ...itemLines(event.items ?? []),
    '  attempts',
    ...event.attempts.flatMap(attemptLines),
    '  headers',
    ...Object.entries(event.headers ?? {}).map(([name, value]) => `    ${name}: ${clean(value)}`),
  ];
}

function stateText({ state, attempts, due }: Pick<ItemState, 'state' | 'attempts' | 'due'>): string {
  return `${state}, attempts: ${attempts}${due === null ? '' : `, due ${due}`}`;
}

function itemLines(items: readonly ItemState[]): string[] {
  if (items.length === 0) return [];
  const rows = items.map(({ id, handler, error, ...state }) => {
    return [`    ${id}`, handler, stateText(state), error === null ? '' : shortened(error)];
  });
  return ['  items', ...columns(rows)];
}

export function remainsOf({ id, receivedAt }: PurgedEvent): string[] {
  const body = 'purged, with all the rest; its id is kept to tell duplicates by';
  return [id, `  received   ${receivedAt}`, `  body       ${body}`];
}

function attemptLines({ startedAt, handler, attempt, outcome, ms, status, error, output }: AttemptRecord) {
  // Below the words it says where in the user's own files it was thrown.
  const [words = '', ...trace] = (error ?? '').split('\n');
  const parts = [startedAt, handler, `#${attempt}`, outcome, `${ms} ms`, status ?? '', clean(words)];
  const printed = (output ?? '').split('\n').filter((line) => line.trim() !== '');
  const lines = printed.map((line) => `      | ${clean(line)}`);
  const places = trace.map((line) => `    ${clean(line)}`);
  return [`    ${parts.filter((part) => part !== '').join('  ')}`, ...places, ...lines];
}
