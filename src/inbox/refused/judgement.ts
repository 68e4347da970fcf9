/**
 * What becomes of one refused request if it is judged by the checks of now. judging.ts asks for each; a person may ask too, which
 * changes nothing.
 */
import { type Head, type Proof, Rejection, type Verifier } from '../../verify/verifier.ts';
import type { RefusedRequest } from './client.ts';
import type { NumberedRequest } from './rows.ts';

/** Clocks are readjusted all the time. */
const STEP_LEAST_MS = 2_000;

/** One that passes: what is kept of its head, and its proofs. */
export interface PassedRequest {
  readonly head: Head;
  readonly body: Buffer;
  readonly proofs: readonly Proof[];
}
export interface LateHandshake {
  /** Has what it brings kept for the operator; false: there is no room. */
  readonly settle: () => Promise<boolean>;
}
/** Undefined if it is none. Changes nothing. */
export type HandshakeIn = (source: string, passed: PassedRequest) => LateHandshake | undefined;

/** What would become of one request if it were judged again now. `no`: with the code of the check that it fails first. */
export type Judgement =
  | { readonly passes: 'all' | 'now only' | 'handshake' }
  | { readonly passes: 'no'; readonly code: string };

/** Changes nothing. */
export async function judgeRequest(
  request: NumberedRequest,
  verifiers: readonly Verifier[],
  handshakeIn?: HandshakeIn,
): Promise<Judgement> {
  if (verifiers.length === 0) return { passes: 'no', code: 'not_found' };
  const passed = await passNow(request, verifiers);
  if (passed && !passesFormer(request, passed.proofs)) return { passes: 'now only' };
  if (passed) return { passes: handshakeIn?.(request.source, passed) ? 'handshake' : 'all' };
  const judged = await judgeAt(request.receivedAt, request, verifiers);
  return { passes: 'no', code: judged instanceof Rejection ? judged.code : request.code };
}

/** Whether it passes each check by a secret that was enforced when it came. */
export function passesFormer({ enforced }: RefusedRequest, proofs: readonly Proof[]): boolean {
  const passed = proofs.filter(({ wouldRefuse }) => wouldRefuse === undefined).map(({ scheme }) => scheme);
  return enforced.split(',').every((former) => passed.some((scheme) => scheme === former));
}

/**
 * By the clock of when it came; and if it was set since then, by the clock of now, less what has passed. One of the two
 * was right, and neither takes what it would not have taken at that time.
 */
export async function passNow(request: NumberedRequest, verifiers: readonly Verifier[]) {
  const { receivedAt, clockStepMs } = request;
  const times = Math.abs(clockStepMs) < STEP_LEAST_MS ? [receivedAt] : [receivedAt, receivedAt + clockStepMs];
  for (const time of times) {
    const judged = await judgeAt(time, request, verifiers);
    if (judged && !(judged instanceof Rejection)) return judged;
  }
  return undefined;
}

async function judgeAt(
  receivedAt: number,
  request: RefusedRequest,
  verifiers: readonly Verifier[],
): Promise<PassedRequest | Rejection | undefined> {
  const { address, tokenDigest, query = '', body } = request;
  const head: Head = {
    receivedAt,
    address: address === '' ? undefined : address,
    query,
    rawHeaders: JSON.parse(request.credentials) as string[],
    ...(tokenDigest && { tokenDigest }),
  };
  try {
    const proofs: Proof[] = [];
    for (const verify of verifiers) {
      const result = await verify(head);
      proofs.push(typeof result === 'function' ? await result(body) : result);
    }
    return { head, body, proofs };
  } catch (error) {
    return error instanceof Rejection ? error : undefined;
  }
}
