/**
 * The circuit breaker of a target: when a target that takes nothing is left alone, and when it is tried again. The rules, and
 * no more: the state is in the scheduler's memory (SQLite), or in a table that all replicas share (PostgreSQL).
 *
 *   closed ── `failures` attempts in a row found it unavailable, or one that names a time ──▶ open: it gets nothing
 *   open ── the rest is over ──▶ half-open: one delivery tries it
 *   half-open ── it is unavailable ──▶ open, for longer      any other end of an attempt ──▶ closed
 *
 * Only `Unavailable` counts as a failure: an event that fails for reasons of its own says nothing about the target.
 */
import { knob, notAbove } from '../base/settings/knob.ts';
import { integer, members, type ValuesOf } from '../base/settings/rules.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/times.ts';
import { backoffMs } from './retry.ts';

export const CIRCUIT = members(
  {
    failures: knob(integer(1, 1_000), 5, 'after so many Unavailable in a row a target rests'),
    restMs: knob(
      integer(1, DAY_MS),
      1_000,
      'the first rest, after which one event tries the target; each further rest is twice as long',
    ),
    restMaxMs: knob(integer(1, DAY_MS), MINUTE_MS, 'the longest rest'),
  },
  notAbove('restMs', 'restMaxMs'),
);

export type CircuitKnobs = ValuesOf<(typeof CIRCUIT)['table']>;

/** A handler has said that its target takes nothing, and perhaps until when. */
export interface UnavailableTarget {
  readonly restMs?: number;
}

export interface Circuit {
  readonly failures: number;
  /** How often it was opened since it was closed; 0 if it is closed. */
  readonly openings: number;
  /** When the rest ends, in ms of the clock that the caller goes by. */
  readonly restsUntil: number;
}

export const CLOSED: Circuit = { failures: 0, openings: 0, restsUntil: Number.NEGATIVE_INFINITY };

/** A target that asks for a longer rest gets this one: in an hour it may have changed its mind. */
const ASKED_MAX_MS = HOUR_MS;

/** Answers with the same object if the attempt changes nothing. */
export function circuitAfter(
  circuit: Circuit,
  unavailable: UnavailableTarget | undefined,
  now: number,
  knobs: CircuitKnobs,
): Circuit {
  const isResting = now < circuit.restsUntil;
  // A success of an attempt that began before the opening does not end the rest.
  if (!unavailable) return isResting || circuit.failures + circuit.openings === 0 ? circuit : CLOSED;
  const failures = circuit.failures + 1;
  const opens = unavailable.restMs !== undefined || failures >= knobs.failures || circuit.openings > 0;
  if (isResting || !opens) return { ...circuit, failures };
  const openings = circuit.openings + 1;
  return { failures, openings, restsUntil: now + restMsOf(unavailable.restMs, openings, knobs) };
}

function restMsOf(asked: number | undefined, openings: number, { restMs, restMaxMs }: CircuitKnobs): number {
  if (asked !== undefined) return Math.min(Math.max(asked, restMs), ASKED_MAX_MS);
  const longestMs = Math.min(restMaxMs, restMs * 2 ** Math.min(openings - 1, 40));
  // At least half of it: a rest of nearly nothing is none.
  return Math.ceil(longestMs / 2 + backoffMs(1, longestMs / 2, longestMs / 2));
}
