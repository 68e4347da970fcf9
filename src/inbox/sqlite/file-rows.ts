/** The rows of an SQLite file as those that move to another database. For export.ts. */
import type { MovedEvent, MovedWork } from '../move-rows.ts';
import { DUE_MAX_MS } from './statements.ts';

type Bytes = Uint8Array;
/** In a row bytes are no Buffer, and truth is a number. */
export type FileRow<T> = {
  readonly [Column in keyof T]: T[Column] extends boolean
    ? number
    : Buffer extends T[Column]
      ? Exclude<T[Column], Buffer> | Bytes
      : T[Column];
};

export function movedEvent({ identity, digest, isJson, body, ...row }: FileRow<MovedEvent>): MovedEvent {
  return {
    ...row,
    identity: bufferOf(identity),
    digest: bufferOf(digest),
    isJson: isJson === 1,
    body: body === null ? null : bufferOf(body),
  };
}

export function movedWork({ due, alone, behind, thing, ...row }: FileRow<MovedWork>): MovedWork {
  return {
    ...row,
    due: Math.min(due, Date.now() + DUE_MAX_MS),
    alone: alone === 1,
    behind: behind === 1,
    thing: thing === null ? null : bufferOf(thing),
  };
}

export function bufferOf({ buffer, byteOffset, byteLength }: Bytes): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
