/**
 * A check that is only observed: it runs and notes what it would have refused, but it refuses nothing. So a new check can be
 * tried while others guard. The configuration sees to it that at least one check is enforced.
 */

import type { Scheme } from './schemes.ts';
import { type Proof, Rejection, type Verifier } from './verifier.ts';

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
