/**
 * Which events, said in one way: what a command's options or an HTTP query name, parsed once. selection-sql.ts makes the
 * conditions of either database of it, so that every verb means the same.
 *
 * All that is given must be true of an event, or of what one handler has to do with it: `state`, `handler` and `cause` are about
 * the same delivery. Nothing given selects everything. What makes no sense is refused with its name, and never left out.
 */
import { readPastTime, type TextRead } from '../base/times.ts';
import { numberOf } from './event-id.ts';
import { EVENT_STATE_NAMES, isOpen, type StateName } from './event-states.ts';

export interface Selection {
  readonly numbers?: readonly number[];
  readonly state?: StateName;
  /** `source/name` */
  readonly handler?: string;
  readonly source?: string;
  /** `*` stands for any run of characters, also for none. */
  readonly type?: string;
  /** Received then or later; milliseconds since 1970, as the number of the event says. */
  readonly since?: number;
  /** Received before then. */
  readonly until?: number;
  /** The provider's own id. */
  readonly externalId?: string;
  /** 16 hexadecimal digits. */
  readonly cause?: string;
  /** The value of a search key: a tracking number, an order. */
  readonly key?: string;
  /** Members of the body, by their text. */
  readonly where?: readonly MemberIs[];
  /** Text that stands in the body as it came. */
  readonly search?: string;
  readonly heldOnly?: boolean;
}

interface MemberIs {
  readonly path: readonly string[];
  readonly value: string;
}

/** As an operator writes it: an option of a command, or a parameter of a query. All that is given must be true of an event. */
export interface SelectionOptions {
  /** As in `evt_0c5f2a9b3d4e01`. */
  readonly id?: readonly string[] | undefined;
  /** pending, handling, done, dead, discarded or held. */
  readonly state?: string | undefined;
  /** `source/name` */
  readonly handler?: string | undefined;
  /** Its name in the wiring, as in `shippo`. */
  readonly source?: string | undefined;
  /** May have `*`, as in `track_*`. */
  readonly type?: string | undefined;
  /** Received then or later: `2h` and `7d` (ago), `today`, `2026-11-24T16:05` (UTC if no zone is written). */
  readonly since?: string | undefined;
  /** Received before then; written as `since`, and later than that. */
  readonly until?: string | undefined;
  /** The provider's own id of the event. */
  readonly 'their-id'?: string | undefined;
  /** 16 hexadecimal digits: what failed for the same reason. */
  readonly cause?: string | undefined;
  /** A tracking number, an order: what the source declares. */
  readonly key?: string | undefined;
  /** As in `data.status=DELIVERED`. */
  readonly where?: readonly string[] | undefined;
  /** Stands in the body as it came. */
  readonly search?: string | undefined;
  /** What waits since it cannot be read, or told apart. */
  readonly held?: boolean | undefined;
}

type SelectionOption = keyof SelectionOptions;

/** `wrong` goes on from the name of the option: `--since` + `has …`. */
export interface SelectionProblem {
  readonly option: SelectionOption;
  readonly wrong: string;
  readonly fix: string;
}

export interface ParsedSelection {
  /** Of no use if something is wrong. */
  readonly selection: Selection;
  readonly problems: readonly SelectionProblem[];
}

const STATES = EVENT_STATE_NAMES.join(', ').replace(/, (?=\w+$)/, ' or ');

const READERS = {
  state: (text: string): TextRead<StateName> => {
    const value = EVENT_STATE_NAMES.find((state) => state === text);
    return value ? { value } : { wrong: `names no state: ${text}`, fix: `It can be ${STATES}.` };
  },
  handler: (text: string): TextRead<string> => {
    if (/^[^/\s]+\/[^/\s]+$/.test(text)) return { value: text };
    return { wrong: `names no handler: ${text}`, fix: 'Write its source too, as in shippo/erp.' };
  },
  cause: (text: string): TextRead<string> => {
    if (/^[0-9a-f]{16}$/.test(text)) return { value: text };
    return {
      wrong: `is no cause: ${text}`,
      fix: 'A cause is 16 hexadecimal digits; events failures lists them.',
    };
  },
  where: (text: string): TextRead<MemberIs> => {
    const at = text.indexOf('=');
    const path = text.slice(0, Math.max(at, 0)).split('.');
    if (!path.includes('')) return { value: { path, value: text.slice(at + 1) } };
    return { wrong: `cannot be read: ${text}`, fix: 'Write it as in data.tracking_number=1Z999.' };
  },
  id: (text: string): TextRead<number> => {
    const value = numberOf(text);
    if (value !== undefined) return { value };
    return { wrong: `is not an event id: ${text}`, fix: 'They look like evt_0c5f2a9b3d4e01.' };
  },
} as const;

/** `now`: the moment from which `2h` and `yesterday` are counted. */
export function parseSelection(given: SelectionOptions, now: number): ParsedSelection {
  const problems: SelectionProblem[] = [];
  const read = <T>(
    option: SelectionOption,
    text: string | undefined,
    reader: (text: string) => TextRead<T>,
  ) => {
    if (text === undefined) return undefined;
    const found = flawIn(text) ?? reader(text);
    if ('value' in found) return found.value;
    problems.push({ option, ...found });
    return undefined;
  };
  const readAll = <T>(
    option: SelectionOption,
    texts: readonly string[],
    reader: (text: string) => TextRead<T>,
  ) => texts.map((text) => read(option, text, reader)).filter((value) => value !== undefined);
  const asItIs = (text: string): TextRead<string> => ({ value: text });
  const time = (text: string) => readPastTime(text, now);
  const selection = withoutUndefined({
    numbers: given.id?.length ? readAll('id', given.id, READERS.id) : undefined,
    state: read('state', given.state, READERS.state),
    handler: read('handler', given.handler, READERS.handler),
    source: read('source', given.source, asItIs),
    type: read('type', given.type, asItIs),
    since: read('since', given.since, time),
    until: read('until', given.until, time),
    externalId: read('their-id', given['their-id'], asItIs),
    cause: read('cause', given.cause, READERS.cause),
    key: read('key', given.key, asItIs),
    where: given.where?.length ? readAll('where', given.where, READERS.where) : undefined,
    search: read('search', given.search, asItIs),
    heldOnly: given.held || undefined,
  });
  return { selection, problems: [...problems, ...contradictionsIn(selection)] };
}

function flawIn(text: string) {
  if (text === '') return { wrong: 'has no value', fix: 'Write one, or leave the option out.' };
  const wrong = 'has a character that cannot be searched for: NUL';
  return text.includes('\0') ? { wrong, fix: 'Leave it out.' } : undefined;
}

/** What nothing could ever be. */
function contradictionsIn({ state, handler, source, since, until, cause, heldOnly }: Selection) {
  const found: SelectionProblem[] = [];
  if (heldOnly && state !== undefined && state !== 'held')
    found.push({ option: 'held', wrong: `contradicts --state ${state}`, fix: 'Leave one of them out.' });
  if (cause !== undefined && (heldOnly || (state !== undefined && (!isOpen(state) || state === 'held'))))
    found.push({
      option: 'cause',
      wrong: `is known only of what is dead or pending`,
      fix: 'Leave one of the two out.',
    });
  if (handler !== undefined && source !== undefined && !handler.startsWith(`${source}/`))
    found.push({
      option: 'handler',
      wrong: `is not one of source ${source}: ${handler}`,
      fix: 'Leave one of them out.',
    });
  if (since !== undefined && until !== undefined && since >= until)
    found.push({
      option: 'until',
      wrong: 'is not later than --since',
      fix: 'Give --since the earlier time.',
    });
  return found;
}

type Optional<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

function withoutUndefined<T extends object>(given: T): Optional<T> {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Optional<T>;
}
