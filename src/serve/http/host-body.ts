/**
 * The bytes of a request, if the application around us has taken them from the stream: `express.json()` before `mount`, say. They
 * are as they came only where it has kept them as a Buffer in `request.rawBody`. Without them nobody can be judged, and nobody is
 * refused for good: 503, and the log says what to change, once a minute at most. A step of receive.ts, for all sources; a file of
 * its own, since it needs all words for refusals.
 */
import type { Log } from '../../base/log/log.ts';
import { MINUTE_MS } from '../../base/times.ts';
import { REFUSALS } from '../../verify/refusals.ts';
import { Rejection } from '../../verify/verifier.ts';
import { type RequestStep, receptionOf } from './request.ts';

const TELL_MS = MINUTE_MS;

export function hostBodyCheck(log: Pick<Log, 'error'>): RequestStep {
  let toldAt = Number.NEGATIVE_INFINITY;
  return function checkBody(request, response, next) {
    const isTaken = request.readableDidRead || request.readableEnded;
    // Somebody listens: what comes while we verify the head would be lost. Or it comes as text, and is not what was signed.
    const isBeingTaken =
      request.readableFlowing === true ||
      request.listenerCount('readable') > 0 ||
      request.readableEncoding !== null;
    if (!isTaken && !isBeingTaken) return next();
    const { rawBody } = request as { rawBody?: unknown };
    if (isTaken && Buffer.isBuffer(rawBody)) {
      Object.assign(receptionOf(response), { body: rawBody, bodyRead: true });
      return next();
    }
    const now = performance.now();
    if (now - toldAt >= TELL_MS) {
      toldAt = now;
      log.error({ code: 'body_consumed' }, REFUSALS.body_consumed.fix);
    }
    throw new Rejection('body_consumed');
  };
}
