/**
 * Judges refused requests again, with the secrets of now and the clock of then. Made by receiver.ts, which asks for a round at
 * the start, after a reload, and for an operator. What passes goes to the inbox as if it had just come, in the order it
 * came, and leaves the refused ones; a crash in between makes it a duplicate of itself.
 */
import type { Log } from '../../base/log/log.ts';
import type { Head, Proof, Verifier } from '../../verify/verifier.ts';
import { type Arrival, type Kept, provenBy } from '../contract.ts';
import type { RefusedClient, RefusedRequest } from './client.ts';

/** Bodies may be large: few at a time. */
const STEP = 16;

interface JudgingOptions {
  readonly refused: RefusedClient;
  readonly verifiersOf: (source: string) => readonly Verifier[];
  readonly keep: (arrival: Arrival) => Promise<Kept>;
  /** Hears how a request passes now. */
  readonly note: (source: string, proof: Proof) => void;
  readonly log: Log;
}

/** Of one source. */
export interface Rechecked {
  readonly source: string;
  readonly looked: number;
  readonly accepted: number;
}

/** Answers with a function that begins a round, one source after the other, once the rounds before it have ended. */
export function judgeInTurn(
  sources: readonly string[],
  options: JudgingOptions,
): () => Promise<readonly Rechecked[]> {
  let last: Promise<readonly Rechecked[]> = Promise.resolve([]);

  async function judgeAll(): Promise<readonly Rechecked[]> {
    const results: Rechecked[] = [];
    for (const source of sources) results.push(await judgeAgain(source, options));
    return results;
  }

  return function judgeRefusedAgain() {
    const round = last.then(judgeAll);
    last = round.catch((error: Error) => {
      const reason = error.message;
      options.log.warn({ reason }, 'refused requests could not all be judged again; they are kept');
      return [];
    });
    return round;
  };
}

/** Stops at the first that the inbox cannot take: the rest stays for the next time. */
async function judgeAgain(source: string, options: JudgingOptions): Promise<Rechecked> {
  const { refused, log } = options;
  const verifiers = options.verifiersOf(source);
  let [looked, accepted, after] = [0, 0, 0];
  if (verifiers.length === 0) return { source, looked, accepted };
  for (;;) {
    const step = await refused.next(source, after, STEP);
    for (const request of step) {
      after = request.number;
      looked++;
      const proofs = await proofsNow(request, verifiers);
      if (!proofs) continue;
      const { outcome, id: eventId } = await options.keep(arrivalOf(request, proofs));
      await refused.remove(request.number);
      for (const proof of proofs) options.note(source, proof);
      accepted++;
      const fields = { id: request.id, receivedAt: new Date(request.receivedAt).toISOString() };
      log.info({ source, outcome, eventId, ...fields }, 'a refused request passes now');
    }
    if (step.length < STEP) return { source, looked, accepted };
  }
}

async function proofsNow(
  request: RefusedRequest,
  verifiers: readonly Verifier[],
): Promise<readonly Proof[] | undefined> {
  const { receivedAt, address, tokenDigest, body } = request;
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
      proofs.push(typeof result === 'function' ? result(body) : result);
    }
    return proofs;
  } catch {
    return undefined;
  }
}

function arrivalOf(request: RefusedRequest, proofs: readonly Proof[]): Arrival {
  const { source, receivedAt, address, headers, body } = request;
  return { source, receivedAt, address, headers, body, ...provenBy(proofs) };
}
