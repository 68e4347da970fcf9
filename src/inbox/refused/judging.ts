/**
 * Judges refused requests again, with the secrets of now and the clock of then, or of then by the clock of now if it was set.
 * Made by work.ts; receiver.ts asks for a round at the start, after a reload, and for an operator. What passes goes to the
 * inbox as if it had just come, in the order it came, and leaves the refused ones; a crash in between makes it a duplicate of
 * itself.
 *
 * It must pass every check that is enforced now, and every check by a secret that was enforced when it came: a check that is
 * only observed since, or gone, would make forgeries good. Only a person may say that the checks of now are enough.
 */
import type { Log } from '../../base/log/log.ts';
import { iso } from '../../base/times.ts';
import { type Head, type Proof, provenBy, Rejection, type Verifier } from '../../verify/verifier.ts';
import type { Arrival, Kept } from '../contract.ts';
import type { RefusedClient, RefusedRequest } from './client.ts';
import type { NumberedRequest } from './rows.ts';

const STEP = 16;
/** Clocks are readjusted all the time. */
const STEP_LEAST_MS = 2_000;

interface JudgingOptions {
  readonly refused: Pick<RefusedClient, 'next' | 'newest' | 'remove'>;
  /** With another tolerance for signed times, if one is given. */
  readonly verifiersOf: (source: string, toleranceSeconds?: number) => readonly Verifier[];
  readonly keep: (arrival: Arrival) => Promise<Kept>;
  /** Hears how a request passes now. */
  readonly note: (request: RefusedRequest, proofs: readonly Proof[]) => void;
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

/** Stops at the first that the inbox cannot take: the rest stays for the next time. */
async function judgeAgain(source: string, wish: JudgingWish, options: JudgingOptions): Promise<Rechecked> {
  const verifiers = options.verifiersOf(source, wish.toleranceSeconds);
  const ids = wish.ids && new Set(wish.ids);
  const result = { source, looked: 0, accepted: 0, passNowOnly: 0 };
  if (verifiers.length === 0) return result;
  // What comes meanwhile is refused by the rules of now already; a flood of it would never end.
  const last = await options.refused.newest(source);
  for (let after = 0; after < last; ) {
    const step = await options.refused.next(source, after, STEP);
    for (const request of step) {
      after = request.number;
      if (ids && !ids.has(request.id)) continue;
      result.looked++;
      const passed = await passNow(request, verifiers);
      if (!passed) continue;
      const { proofs, receivedAt } = passed;
      if (wish.byChecksOfNow || passesFormer(request, proofs)) {
        await accept({ ...request, receivedAt }, proofs, options);
        result.accepted++;
      } else result.passNowOnly++;
    }
    if (step.length === 0) break;
  }
  return result;
}

/** What would become of one request if it were judged again now. `no`: with the code of the check that it fails first. */
export type Judgement =
  | { readonly passes: 'all' | 'now only' }
  | { readonly passes: 'no'; readonly code: string };

/** Changes nothing. */
export async function judgeRequest(
  request: NumberedRequest,
  verifiers: readonly Verifier[],
): Promise<Judgement> {
  if (verifiers.length === 0) return { passes: 'no', code: 'not_found' };
  const passed = await passNow(request, verifiers);
  if (passed) return { passes: passesFormer(request, passed.proofs) ? 'all' : 'now only' };
  const proofs = await proofsAt(request.receivedAt, request, verifiers);
  return { passes: 'no', code: proofs instanceof Rejection ? proofs.code : request.code };
}

async function accept(
  request: NumberedRequest,
  proofs: readonly Proof[],
  { refused, keep, note, log }: JudgingOptions,
): Promise<void> {
  const { outcome, id: eventId } = await keep(arrivalOf(request, proofs));
  await refused.remove(request.number);
  note(request, proofs);
  const { source, id } = request;
  const receivedAt = iso(request.receivedAt);
  log.info({ source, outcome, eventId, id, receivedAt }, 'a refused request passes now');
}

/** Whether it passes each check by a secret that was enforced when it came. */
function passesFormer({ enforced }: RefusedRequest, proofs: readonly Proof[]): boolean {
  const passed = proofs.filter(({ wouldRefuse }) => wouldRefuse === undefined).map(({ scheme }) => scheme);
  return enforced.split(',').every((former) => passed.some((scheme) => scheme === former));
}

/**
 * By the clock of when it came; and if it was set since then, by the clock of now, less what has passed. One of the two
 * was right, and neither takes what it would not have taken at that time.
 */
async function passNow(request: NumberedRequest, verifiers: readonly Verifier[]) {
  const { receivedAt, clockStepMs } = request;
  const times = Math.abs(clockStepMs) < STEP_LEAST_MS ? [receivedAt] : [receivedAt, receivedAt + clockStepMs];
  for (const time of times) {
    const proofs = await proofsAt(time, request, verifiers);
    if (Array.isArray(proofs)) return { proofs: proofs as readonly Proof[], receivedAt: time };
  }
  return undefined;
}

async function proofsAt(
  receivedAt: number,
  request: RefusedRequest,
  verifiers: readonly Verifier[],
): Promise<readonly Proof[] | Rejection | undefined> {
  const { address, tokenDigest, body } = request;
  const head: Head = {
    receivedAt,
    address: address === '' ? undefined : address,
    query: '',
    rawHeaders: JSON.parse(request.credentials) as string[],
    ...(tokenDigest && { tokenDigest }),
  };
  try {
    const proofs: Proof[] = [];
    for (const verify of verifiers) {
      const result = await verify(head);
      proofs.push(typeof result === 'function' ? await result(body) : result);
    }
    return proofs;
  } catch (error) {
    return error instanceof Rejection ? error : undefined;
  }
}

function arrivalOf(request: RefusedRequest, proofs: readonly Proof[]): Arrival {
  const { source, receivedAt, address, headers, body } = request;
  return { source, receivedAt, address, headers, body, ...provenBy(proofs) };
}
