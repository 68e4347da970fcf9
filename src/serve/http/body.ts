/**
 * Reads the raw bytes of a request: every content type, nothing inflated, the source's limit, a budget for all requests.
 *
 * Why not express.raw: for a body that grows over the limit it answers only after having read all of it, it leaves
 * `body` undefined when there is none, and it does not see chunks, so nothing could count the bytes in flight.
 */
import type { Request } from 'express';
import { Rejection } from '../../verify/verifier.ts';
import { reasonOfAbort } from './framing.ts';

/** Bytes of request bodies in memory, all sources together. */
export interface Budget {
  readonly max: number;
  inFlight: number;
}

/**
 * Resolves with the whole body. Rejects with Rejection: over the limit, over the budget, or the sender went away. The
 * bytes stay on the budget until `release`, which must be called once the request is answered.
 */
export function readBody(request: Request, limitBytes: number, budget: Budget) {
  const chunks: Buffer[] = [];
  let length = 0;
  const body = new Promise<Buffer>((resolve, reject) => {
    const stop = (error: Rejection) => {
      request.removeListener('data', take);
      request.pause();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      budget.inFlight += chunk.length;
      chunks.push(chunk);
      if (length > limitBytes) stop(tooLarge(limitBytes));
      else if (budget.inFlight > budget.max) stop(new Rejection('overloaded'));
    };
    request.on('data', take);
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    const abort = () => {
      if (!request.readableEnded) reject(new Rejection(reasonOfAbort(request)));
    };
    request.once('error', abort);
    request.once('close', abort);
    // The sender may have left while its token was being verified.
    if (request.destroyed) abort();
  });
  const release = () => {
    budget.inFlight -= length;
    length = 0;
  };
  return { body, release };
}

export function tooLarge(limitBytes: number): Rejection {
  return new Rejection('body_too_large', `the body is over the source’s limit of ${limitBytes} bytes`);
}
