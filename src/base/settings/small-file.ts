/**
 * Reads files that settings name. They are read at a reload too, in the thread that answers webhooks: so nothing that could wait
 * (a pipe, a device) is opened, and nothing large is read.
 */
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';

/** A list of secrets, addresses or certificates has a few thousand bytes. */
const BYTES_MAX = 1_048_576;
const KINDS = {
  isFIFO: 'a pipe',
  isSocket: 'a socket',
  isCharacterDevice: 'a device',
  isBlockDevice: 'a device',
};

/** Throws an Error whose message says what is wrong, as in `ENOENT` or `it is a pipe`. */
export function readSmallFile(path: string): Buffer {
  try {
    return readWithin(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code ?? message);
  }
}

function readWithin(path: string): Buffer {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new Error('EISDIR');
  const kinds = Object.entries(KINDS) as [keyof typeof KINDS, string][];
  const [, kind] = kinds.find(([is]) => stats[is]()) ?? [];
  if (kind) throw new Error(`it is ${kind}, not a file`);
  const tooLarge = new Error(`it has more than ${BYTES_MAX} bytes`);
  if (stats.size > BYTES_MAX) throw tooLarge;
  // It may be another one by now.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(BYTES_MAX + 1);
    let length = 0;
    for (let read = 1; read > 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    if (length > BYTES_MAX) throw tooLarge;
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}
