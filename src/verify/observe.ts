/**
 * A check that is only observed: it runs, and what it would have refused is noted, but it refuses nothing. So that a
 * check can be introduced while others still guard. The configuration keeps at least one enforced.
 */
import { Rejection } from './refusals.ts';
import type { Proof, Scheme, Verifier } from './verifier.ts';

export function observe(scheme: Scheme, verify: Verifier): Verifier {
  return function verifyObserved(head) {
    return noting(() => {
      const result = verify(head);
      if (result instanceof Promise) return result.then(guarded, failed);
      return guarded(result);
    });
  };

  function guarded(result: Proof | ((body: Buffer) => Proof)) {
    if (typeof result !== 'function') return result;
    return (body: Buffer) => noting(() => result(body));
  }

  function noting<T>(check: () => T): T | Proof {
    try {
      return check();
    } catch (error) {
      return failed(error);
    }
  }

  function failed(error: unknown): Proof {
    if (error instanceof Rejection) return { scheme, wouldRefuse: error.code };
    throw error;
  }
}
