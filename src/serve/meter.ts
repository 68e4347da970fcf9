/**
 * The meter of the running service. Every part of the service tells the meter what happens, and the meter tells each of its
 * listeners: the metrics, the alarms, and below, the uses of secrets.
 */
import type { ReplyResult } from '../deliver/dispatch/reply.ts';
import type { SecretUse } from '../inbox/contract.ts';
import { keyOfUse } from '../inbox/counts.ts';
import { REFUSALS, type RefusalCode } from '../verify/refusals.ts';
import type { Proof } from '../verify/verifier.ts';

export const REQUEST_OUTCOMES = ['accepted', 'duplicate', 'held', 'refused', 'failed', 'handshake'] as const;
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/** Whether the request was an event. A handshake is none: anybody may try one, and it says nothing of how the provider fares. */
export function isTaken(outcome: RequestOutcome): boolean {
  return outcome === 'accepted' || outcome === 'duplicate' || outcome === 'held';
}

/** `answered`: the function's value went out. Otherwise Consignee's own body did. */
export const REPLY_OUTCOMES: readonly ReplyResult['outcome'][] = ['answered', 'none', 'failed', 'late'];

/** Stands for the source of a request that reached none. */
export const NO_SOURCE = 'none';

/** A request that is refused for our own trouble counts as failed. */
export function outcomeOfRefusal(code: RefusalCode): RequestOutcome {
  return REFUSALS[code].status >= 500 ? 'failed' : 'refused';
}

export interface SeenRequest {
  /** Why it was refused; empty if it was taken. */
  readonly code: string;
  /** Empty if it is not known. */
  readonly address: string;
  /** An event of the source was accepted from there before. */
  readonly isKnown: boolean;
  /** See http/senders.ts. */
  readonly looks: 'proven' | 'shaped' | 'strange';
  /** Of what was refused for its signed time alone. */
  readonly signature?: string;
  /** Of what was taken. */
  readonly proofs?: readonly Proof[];
}

/** Labels come from the configuration and from closed lists, never from a sender. */
export interface Meter {
  request(source: string, outcome: RequestOutcome, code: string, ms: number): void;
  /** So many, and how long they took: `times` of inbox/tallies.ts. */
  attempt(handler: string, outcome: string, count: number, times: readonly number[]): void;
  reply(source: string, outcome: ReplyResult['outcome']): void;
  /** The event with this id has come again. */
  duplicate(id: string): void;
  /** Who has sent a request that was taken or refused. An address is for the words of an alarm, never for a label. */
  sender(source: string, seen: SeenRequest): void;
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
  const duplicates = listeners.flatMap(({ duplicate }) => duplicate ?? []);
  const senders = listeners.flatMap(({ sender }) => sender ?? []);
  const proofs = listeners.flatMap(({ proof }) => proof ?? []);
  return {
    request(source, outcome, code, ms) {
      for (const hear of requests) hear(source, outcome, code, ms);
    },
    attempt(handler, outcome, count, times) {
      for (const hear of attempts) hear(handler, outcome, count, times);
    },
    reply(source, outcome) {
      for (const hear of replies) hear(source, outcome);
    },
    duplicate(id) {
      for (const hear of duplicates) hear(id);
    },
    sender(source, seen) {
      for (const hear of senders) hear(source, seen);
    },
    proof(source, proof) {
      for (const hear of proofs) hear(source, proof);
    },
  };
}

interface CountedUse extends Omit<SecretUse, 'count' | 'lastAt'> {
  count: number;
  /** So many of them the inbox knows. */
  told: number;
  lastAt: number;
}

/**
 * Which live secrets prove requests: gathered on the edge, shown in the metrics, and told to the inbox (tally-book.ts), so that it
 * is known after a restart too which secret is still in use.
 */
export class SecretUses {
  readonly #uses = new Map<string, CountedUse>();

  readonly listener: MeterListener = {
    proof: (source, proof) => this.#note(source, proof, Date.now()),
  };

  #note(source: string, { scheme, secret, form = '' }: Proof, nowMs: number): void {
    if (secret === undefined) return;
    const key = keyOfUse({ source, scheme, secret, form });
    const use = this.#uses.get(key);
    if (!use) this.#uses.set(key, { source, scheme, secret, form, count: 1, told: 0, lastAt: nowMs });
    else {
      use.count++;
      use.lastAt = nowMs;
    }
  }

  all(): CountedUse[] {
    return [...this.#uses.values()];
  }

  /** Those that the inbox has not been told of. */
  take(): SecretUse[] {
    return this.all()
      .filter(({ count, told }) => count > told)
      .map((use) => {
        const { told, ...known } = use;
        use.told = use.count;
        return { ...known, count: use.count - told };
      });
  }

  /** They could not be told. */
  giveBack(uses: readonly SecretUse[]): void {
    for (const use of uses) {
      const known = this.#uses.get(keyOfUse(use));
      if (known) known.told -= use.count;
    }
  }
}
