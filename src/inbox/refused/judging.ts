/**
 * Judges refused requests again, with the secrets of now and the clock of then, or of then by the clock of now if it was set.
 * Made by work.ts; receiver.ts asks for a round at the start, after a reload, and for an operator. What passes goes to the
 * inbox as if it had just come, in the order it came, and leaves the refused ones; a crash in between makes it a duplicate of
 * itself. A handshake that passes leaves them too, and is no event.
 *
 * It must pass every check that is enforced now, and every check by a secret that was enforced when it came: a check that is
 * only observed since, or gone, would make forgeries good. Only a person may say that the checks of now are enough.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Log } from '../../base/log/log.ts';
import { iso } from '../../base/times.ts';
import { type Proof, provenBy, type Verifier } from '../../verify/verifier.ts';
import type { Arrival, Kept } from '../contract.ts';
import type { RefusedClient, RefusedRequest } from './client.ts';
import { type HandshakeIn, type PassedRequest, passesFormer, passNow } from './judgement.ts';
import type { NumberedRequest } from './rows.ts';

const STEP = 16;
const LONG_MS = 5;
/** It may have waited for a key, which keeps nobody. */
const BREAK_MOST_MS = 1_000;

interface JudgingOptions {
  readonly refused: Pick<RefusedClient, 'next' | 'newest' | 'remove'>;
  /** With another tolerance for signed times, if one is given. */
  readonly verifiersOf: (source: string, toleranceSeconds?: number) => readonly Verifier[];
  readonly keep: (arrival: Arrival) => Promise<Kept>;
  /** Left out: no source has any. */
  readonly handshakeIn?: HandshakeIn;
  /** Hears how a request passes now. */
  readonly note: (arrival: Arrival, proofs: readonly Proof[]) => void;
  readonly log: Log;
}

/** What a person wants judged; nothing: all. */
export interface JudgingWish {
  readonly source?: string;
  /** The ids of the refusals. */
  readonly ids?: readonly string[];
  /** Those that were enforced when a request came do not matter. */
  readonly byChecksOfNow?: boolean;
  /** Signed times may be so far from when a request came: the clock was wrong then, and nobody knows by how much. */
  readonly toleranceSeconds?: number;
}

/** Of one source. */
export interface Rechecked {
  readonly source: string;
  readonly looked: number;
  readonly accepted: number;
  /** So many more pass the checks of now, but not all that were enforced when they came. */
  readonly passNowOnly: number;
  /** So many more were handshakes, and are gone. */
  readonly handshakes: number;
}

/** Answers with a function that begins a round, one source after the other, once the rounds before it have ended. */
export function judgeInTurn(
  sources: readonly string[],
  options: JudgingOptions,
): (wish?: JudgingWish) => Promise<readonly Rechecked[]> {
  let last: Promise<readonly Rechecked[]> = Promise.resolve([]);

  async function judgeAll(wish: JudgingWish): Promise<readonly Rechecked[]> {
    const results: Rechecked[] = [];
    for (const source of sources) {
      if (wish.source === undefined || wish.source === source)
        results.push(await judgeAgain(source, wish, options));
    }
    return results;
  }

  return function judgeRefusedAgain(wish = {}) {
    const round = last.then(() => judgeAll(wish));
    last = round.catch((error: Error) => {
      const reason = error.message;
      options.log.warn({ reason }, 'refused requests could not all be judged again; they are kept');
      return [];
    });
    return round;
  };
}

/** Requests that come meanwhile are answered in the break, which is as long as a judgement that took long. */
async function judgeWithBreak(request: NumberedRequest, verifiers: readonly Verifier[]) {
  const begun = performance.now();
  const passed = await passNow(request, verifiers);
  const ms = performance.now() - begun;
  await (ms < LONG_MS ? setImmediate() : setTimeout(Math.min(ms, BREAK_MOST_MS), undefined, { ref: false }));
  return passed;
}

/** Stops at the first that the inbox cannot take: the rest stays for the next time. */
async function judgeAgain(source: string, wish: JudgingWish, options: JudgingOptions): Promise<Rechecked> {
  const verifiers = options.verifiersOf(source, wish.toleranceSeconds);
  const ids = wish.ids && new Set(wish.ids);
  const result = { source, looked: 0, accepted: 0, passNowOnly: 0, handshakes: 0 };
  if (verifiers.length === 0) return result;
  // What comes meanwhile is refused by the rules of now already; a flood of it would never end.
  const last = await options.refused.newest(source);
  for (let after = 0; after < last; ) {
    const step = await options.refused.next(source, after, STEP);
    for (const request of step) {
      after = request.number;
      if (ids && !ids.has(request.id)) continue;
      result.looked++;
      const passed = await judgeWithBreak(request, verifiers);
      if (!passed) continue;
      if (wish.byChecksOfNow || passesFormer(request, passed.proofs)) {
        const taken = await take(request, passed, options);
        if (taken) result[taken]++;
      } else result.passNowOnly++;
    }
    if (step.length === 0) break;
  }
  return result;
}

/** Answers with what became of it; undefined: it stays. */
async function take(
  request: NumberedRequest,
  passed: PassedRequest,
  { refused, keep, handshakeIn, note, log }: JudgingOptions,
): Promise<'accepted' | 'handshakes' | undefined> {
  const { source, id, number } = request;
  const { proofs, head } = passed;
  const { receivedAt } = head;
  const arrival = arrivalOf({ ...request, receivedAt }, proofs);
  const handshake = handshakeIn?.(source, passed);
  if (handshake && !(await handshake.settle())) return undefined;
  const { outcome, ...event } = handshake ? { outcome: 'handshake' } : namedEvent(await keep(arrival));
  await refused.remove(number);
  note(arrival, proofs);
  log.info({ source, outcome, ...event, id, receivedAt: iso(receivedAt) }, 'a refused request passes now');
  return handshake ? 'handshakes' : 'accepted';
}

function namedEvent({ outcome, id: eventId }: Kept) {
  return { outcome, eventId };
}

function arrivalOf(request: RefusedRequest, proofs: readonly Proof[]): Arrival {
  const { source, receivedAt, address, headers, body } = request;
  return { source, receivedAt, address, headers, body, ...provenBy(proofs) };
}
