/**
 * Judges refused requests again, with the secrets of now and the clock of then. Called at the start, after a reload, and by
 * an operator. What passes goes to the inbox as if it had just come, in the order it came, and leaves the refused ones; a
 * crash in between makes it a duplicate of itself.
 */

import type { Log } from '../../base/log/log.ts';
import type { Head, Proof, Verifier } from '../../verify/verifier.ts';
import type { Arrival, Kept } from '../contract.ts';
import type { RefusedKeeper } from './keeper.ts';
import type { RefusedRequest } from './request.ts';

/** Bodies may be large: few at a time. */
const STEP = 16;

export interface AgainOptions {
  readonly keeper: RefusedKeeper;
  readonly verifiersOf: (source: string) => readonly Verifier[];
  readonly keep: (arrival: Arrival) => Promise<Kept>;
  /** Hears how a request passes now. */
  readonly note: (source: string, proof: Proof) => void;
  readonly log: Log;
}

export interface Rechecked {
  readonly source: string;
  readonly looked: number;
  readonly accepted: number;
}

/** Stops at the first that the inbox cannot take: the rest stays for the next time. */
export async function judgeAgain(source: string, options: AgainOptions): Promise<Rechecked> {
  const { keeper, log } = options;
  const verifiers = options.verifiersOf(source);
  let [looked, accepted, after] = [0, 0, 0];
  if (verifiers.length === 0) return { source, looked, accepted };
  for (;;) {
    const step = await keeper.next(source, after, STEP);
    for (const request of step) {
      after = request.number;
      looked++;
      const proofs = await proofsOf(request, verifiers);
      if (!proofs) continue;
      const kept = await options.keep(arrivalOf(request, proofs));
      await keeper.remove(request.number);
      for (const proof of proofs) options.note(source, proof);
      accepted++;
      const { id, receivedAt } = request;
      log.info(
        {
          source,
          outcome: kept.outcome,
          eventId: kept.id,
          id,
          receivedAt: new Date(receivedAt).toISOString(),
        },
        'a refused request passes now',
      );
    }
    if (step.length < STEP) return { source, looked, accepted };
  }
}

async function proofsOf(
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
  return { source, receivedAt, address, headers, body, evidence: JSON.stringify(proofs) };
}
