/** Writes an event for people: as the row of a list, or with all that is known of it. Used by events.ts. */
import { clean } from '../base/log/redact.ts';
import type { AttemptRecord, EventDetails, EventSummary, PurgedEvent } from '../inbox/summary.ts';
import { columns } from './terminal.ts';

export function eventCells({ id, receivedAt, source, type, handlers, held }: EventSummary): string[] {
  const states = handlers.map(({ handler, state }) => `${handler.split('/')[1]}: ${state}`).join(', ');
  const why = held === null ? [] : [`(${held})`];
  return [id, receivedAt, source, clean(type ?? '-'), [states, ...why].filter(Boolean).join('  ')];
}

export function detailsOf(event: EventDetails): string[] {
  return [
    event.id,
    ...columns([
      ['  received', `${event.receivedAt} from ${event.address}`],
      ['  source', event.source],
      ['  type', clean(event.type ?? '-')],
      ['  their id', clean(event.externalId ?? '-')],
      ['  body', event.bytes === null ? 'purged' : `${event.bytes} bytes`],
      ...(event.held === null ? [] : [['  held', event.held]]),
      ...event.handlers.map(({ handler, state, attempts, due }) => {
        return [`  ${handler}`, `${state}, attempts: ${attempts}${due === null ? '' : `, due ${due}`}`];
      }),
    ]),
    '  attempts',
    ...event.attempts.flatMap(attemptLines),
    '  headers',
    ...Object.entries(event.headers ?? {}).map(([name, value]) => `    ${name}: ${clean(value)}`),
  ];
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
