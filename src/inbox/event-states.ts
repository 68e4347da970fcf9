/**
 * The states of an event for one of its handlers, and what each means: the only list of them. Types, drivers, readers and
 * commands derive theirs from it; test/inbox/event-states.test.ts compares it with the SQL of the migrations.
 *
 * An open state is a row of `work`. An end is only the outcome of the last attempt: the row of `work` is gone. Below, the words for
 * how an attempt ended.
 */
import type { Settlement } from './contract.ts';
export const EVENT_STATES = {
  pending: 'open',
  handling: 'open',
  done: 'end',
  /** Its attempts are used up, and it waits for a person. */
  dead: 'open',
  discarded: 'end',
  /** It cannot be told apart from another event, or read, and waits for a person. */
  held: 'open',
} as const;

type StateOf<Kind> = {
  [State in StateName]: (typeof EVENT_STATES)[State] extends Kind ? State : never;
}[StateName];

export type StateName = keyof typeof EVENT_STATES;
export type WorkState = StateOf<'open'>;
export type EndState = StateOf<'end'>;

export const EVENT_STATE_NAMES = Object.keys(EVENT_STATES) as StateName[];

const ENDS: readonly string[] = EVENT_STATE_NAMES.filter((state) => EVENT_STATES[state] === 'end');

export function isEnd(state: string): state is EndState {
  return ENDS.includes(state);
}

export function isOpen(state: unknown): state is WorkState {
  return EVENT_STATE_NAMES.some((name) => name === state && EVENT_STATES[name] === 'open');
}

/** All states of a kind, as a list for `IN (…)` of a statement. */
export function statesInSql(kind: 'open' | 'end'): string {
  return EVENT_STATE_NAMES.filter((state) => EVENT_STATES[state] === kind)
    .map((state) => `'${state}'`)
    .join(', ');
}

/** One word for how an attempt went, as in the log, the metrics and `events show`. */
export const ATTEMPT_OUTCOMES = ['done', 'retry', 'later', 'dead', 'discarded'] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

export function outcomeOf({ state, counted }: Pick<Settlement, 'state' | 'counted'>): AttemptOutcome {
  return state === 'pending' ? (counted ? 'retry' : 'later') : state;
}
