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
export function readSmallFile(path: string, bytesMax = BYTES_MAX): Buffer {
  try {
    return readWithin(path, bytesMax);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code ?? message);
  }
}

function readWithin(path: string, bytesMax: number): Buffer {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new Error('EISDIR');
  const kinds = Object.entries(KINDS) as [keyof typeof KINDS, string][];
  const [, kind] = kinds.find(([is]) => stats[is]()) ?? [];
  if (kind) throw new Error(`it is ${kind}, not a file`);
  if (stats.size > bytesMax) throw moreThan(bytesMax);
  // It may be another one by now.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readOpen(file, bytesMax);
  } finally {
    closeSync(file);
  }
}

/** All that is in an open file, or comes through it until its end. Throws Error if that is more. */
export function readOpen(file: number, bytesMax: number): Buffer {
  const bytes = Buffer.alloc(bytesMax + 1);
  let length = 0;
  for (let read = 1; read > 0 && length < bytes.length; length += read) {
    read = readSync(file, bytes, length, bytes.length - length, null);
  }
  if (length > bytesMax) throw moreThan(bytesMax);
  return bytes.subarray(0, length);
}

function moreThan(bytesMax: number): Error {
  return new Error(`it has more than ${bytesMax} bytes`);
}
