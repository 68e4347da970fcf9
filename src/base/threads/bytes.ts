/**
 * Bytes inside of what is sent to another thread. For ask.ts.
 *
 * Sent as they are, a view of a large memory would take the whole of it along, and a Buffer would arrive as a Uint8Array, whose
 * `toString` gives `123,34,…`. So each view gets a copy of its own, which is handed over, and becomes a Buffer on the other
 * side. Looked through are lists, maps and plain objects.
 */
import { MessagePort, type Transferable } from 'node:worker_threads';

/** The value as it can be posted, with all that is handed over: its bytes, and ports. */
export function sendable<T>(value: T): { readonly value: unknown; readonly transfer: Transferable[] } {
  const transfer: Transferable[] = [];
  const changed = mapLeaves(value, (leaf) => {
    if (leaf instanceof MessagePort) transfer.push(leaf);
    if (!(leaf instanceof Uint8Array)) return leaf;
    const own = new Uint8Array(leaf);
    transfer.push(own.buffer);
    return own;
  });
  return { value: changed, transfer };
}

/** The value as it was sent. */
export function withBuffers(value: unknown): unknown {
  return mapLeaves(value, (leaf) => {
    return leaf instanceof Uint8Array ? Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength) : leaf;
  });
}

function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, change));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, mapLeaves(item, change)]));
  if (!isPlain(value)) return change(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, change)]));
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
