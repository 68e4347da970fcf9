/**
 * Knows a handshake among refused requests that pass when they are judged again: it is no event, and goes. Nobody waits for its answer
 * any more, but what it brings still waits for the operator. Made by work.ts; judging.ts asks for each request that passes.
 */
import { networkOf } from '../base/address.ts';
import type { Log } from '../base/log/log.ts';
import type { LateHandshake, PassedRequest } from '../inbox/refused/judgement.ts';
import { Rejection } from '../verify/verifier.ts';
import { type arrivedKeeper, arrivedWith, sayArrived } from './arrived.ts';
import { areSigned, type HandshakeRules } from './config/handshakes.ts';

interface LateHandshakeOptions {
  /** Undefined if there are none, or no such source. */
  readonly rulesOf: (source: string) => HandshakeRules | undefined;
  readonly keepArrived: ReturnType<typeof arrivedKeeper>;
  readonly log: Log;
}

export function lateHandshakes({ rulesOf, keepArrived, log }: LateHandshakeOptions) {
  return function handshakeIn(source: string, passed: PassedRequest): LateHandshake | undefined {
    const rules = rulesOf(source);
    const met = rules && meetLate(rules, passed);
    if (!met) return undefined;
    return { settle: () => settle(met, rules) };

    async function settle({ brings, isProven }: Exclude<typeof met, undefined>, known: HandshakeRules) {
      if (!brings || (!isProven && known.takesSecretsIf !== undefined)) return true;
      const network = networkOf(passed.head.address ?? '');
      if (!(await keepArrived(source, arrivedWith(passed.head, network, brings)))) return false;
      log.warn({ source }, sayArrived(source, brings.what));
      return true;
    }
  };
}

/** One that tells a wrong secret is none that is answered, but still no event. */
function meetLate({ meet }: HandshakeRules, passed: PassedRequest) {
  try {
    return meet('POST', areSigned(passed.proofs), passed);
  } catch (error) {
    if (error instanceof Rejection) return { brings: undefined, isProven: false };
    throw error;
  }
}
