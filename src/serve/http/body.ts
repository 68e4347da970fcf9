/**
 * Reads the raw bytes of a request: every content type, nothing inflated, the source's limit, a share of the memory for all
 * requests (memory.ts).
 *
 * Why not express.raw: for a body that grows over the limit it answers only after having read all of it, it leaves
 * `body` undefined when there is none, and it does not see chunks, so nothing could count the bytes in flight.
 */
import type { Request } from 'express';
import { Rejection } from '../../verify/verifier.ts';
import { reasonOfAbort } from './framing.ts';
import type { Share } from './memory.ts';

/** Behind the first few, a chunk below this is copied to its neighbours: as a buffer of its own, a byte takes some hundred. */
const BLOCK_BYTES = 4_096;
const UNCOPIED_CHUNKS = 8;

/**
 * Resolves with the whole body. Rejects with Rejection: over the limit, over the share, or the sender went away. The
 * memory stays taken until the share is released, which must happen once the request is answered.
 */
export function readBody(request: Request, limitBytes: number, share: Share): Promise<Buffer> {
  const pieces = new Pieces();
  let length = 0;
  return new Promise<Buffer>((resolve, reject) => {
    const stop = (error: Rejection) => {
      request.removeListener('data', take);
      request.pause();
      reject(error);
    };
    const take = (chunk: Buffer | string) => {
      // The application around us has called setEncoding after all.
      if (typeof chunk === 'string') return stop(new Rejection('body_consumed'));
      length += chunk.length;
      const full = share.take(pieces.add(chunk));
      if (length > limitBytes) stop(tooLarge(limitBytes));
      else if (full !== undefined) stop(new Rejection('overloaded', full));
    };
    request.on('data', take);
    // The application around us may have paused it, to lose nothing.
    request.resume();
    request.once('end', () => resolve(pieces.joined()));
    const abort = () => {
      if (!request.readableEnded) reject(new Rejection(reasonOfAbort(request)));
    };
    request.once('error', abort);
    request.once('close', abort);
    // The sender may have left while its token was being verified.
    if (request.destroyed) abort();
  });
}

/** The chunks of a body, in order. */
class Pieces {
  readonly #whole: Buffer[] = [];
  #block: Buffer | undefined;
  #filled = 0;

  /** Answers how many bytes of memory this takes beyond what was taken before. */
  add(chunk: Buffer): number {
    if (this.#whole.length < UNCOPIED_CHUNKS || chunk.length >= BLOCK_BYTES) {
      this.#close();
      this.#whole.push(chunk);
      return chunk.length;
    }
    let taken = 0;
    for (let at = 0; at < chunk.length; ) {
      if (!this.#block) {
        this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
        taken += BLOCK_BYTES;
      }
      const copied = chunk.copy(this.#block, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled === BLOCK_BYTES) this.#close();
    }
    return taken;
  }

  joined(): Buffer {
    this.#close();
    return this.#whole.length === 1 ? (this.#whole[0] as Buffer) : Buffer.concat(this.#whole);
  }

  #close(): void {
    if (this.#block) this.#whole.push(this.#block.subarray(0, this.#filled));
    this.#block = undefined;
    this.#filled = 0;
  }
}

export function tooLarge(limitBytes: number): Rejection {
  return new Rejection('body_too_large', `the body is over the source’s limit of ${limitBytes} bytes`);
}
