/**
 * The meter of the running service. Every part of the service tells the meter what happens, and the meter tells each of its
 * listeners: the metrics, the uses of secrets, the alarms.
 */
import { REFUSALS, type RefusalCode } from '../verify/refusals.ts';
import type { Proof } from '../verify/verifier.ts';

export type RequestOutcome = 'accepted' | 'duplicate' | 'held' | 'refused' | 'failed';

/** `answered`: the function's value went out. Otherwise Consignee's own body did. */
export const REPLY_OUTCOMES = ['answered', 'none', 'failed', 'late'] as const;

export type ReplyOutcome = (typeof REPLY_OUTCOMES)[number];

/** Stands for the source of a request that reached none. */
export const NO_SOURCE = 'none';

/** A request that is refused for our own trouble counts as failed. */
export function outcomeOfRefusal(code: RefusalCode): RequestOutcome {
  return REFUSALS[code].status >= 500 ? 'failed' : 'refused';
}

/** Labels come from the configuration and from closed lists, never from a sender. */
export interface Meter {
  request(source: string, outcome: RequestOutcome, code: string, ms: number): void;
  attempt(handler: string, outcome: string, count: number): void;
  reply(source: string, outcome: ReplyOutcome): void;
  /** The request passed this check, or the check is only observed and would have refused it. */
  proof(source: string, proof: Proof): void;
}

/** Hears of what it is interested in. Its functions are called without `this`. */
export type MeterListener = Partial<Meter>;

/** Tells the listeners in the order in which they are given. */
export function meterFor(listeners: readonly MeterListener[]): Meter {
  const requests = listeners.flatMap(({ request }) => request ?? []);
  const attempts = listeners.flatMap(({ attempt }) => attempt ?? []);
  const replies = listeners.flatMap(({ reply }) => reply ?? []);
  const proofs = listeners.flatMap(({ proof }) => proof ?? []);
  return {
    request(source, outcome, code, ms) {
      for (const hear of requests) hear(source, outcome, code, ms);
    },
    attempt(handler, outcome, count) {
      for (const hear of attempts) hear(handler, outcome, count);
    },
    reply(source, outcome) {
      for (const hear of replies) hear(source, outcome);
    },
    proof(source, proof) {
      for (const hear of proofs) hear(source, proof);
    },
  };
}
