/**
 * Lists of values as parameters: PostgreSQL's binary form of a one-dimensional array, so that a statement for any number
 * of rows has one text, is planned once, and takes bodies as they are.
 *
 *   int32 dimensions (0 if empty, else 1), int32 whether there are NULLs, int32 type of the elements,
 *   int32 count, int32 index of the first (1), then for each: int32 length (-1 for NULL), its bytes
 *
 * The driver sends Buffers in binary form; the statement says the type: `$1::bytea[]`.
 * Form: src/backend/utils/adt/arrayfuncs.c, array_recv.
 */
const HEADER_BYTES = 20;
const TYPES = { boolean: 16, bytea: 17, bigint: 20, integer: 23, text: 25 } as const;

export function bytesList(list: readonly (Uint8Array | null)[]): Buffer {
  return arrayOf(TYPES.bytea, list);
}

/** A NUL, which no text in PostgreSQL can hold, becomes the symbol for it. */
export function textList(list: readonly (string | null)[]): Buffer {
  const encoded = list.map((text) => (text === null ? null : Buffer.from(withoutNul(text))));
  return arrayOf(TYPES.text, encoded);
}

/** Safe integers. */
export function bigintList(list: readonly number[]): Buffer {
  const array = fixed(TYPES.bigint, list.length, 8);
  for (const [at, value] of list.entries()) {
    const offset = HEADER_BYTES + at * 12 + 4;
    array.writeInt32BE(Math.floor(value / 2 ** 32), offset);
    // ToUint32: modulo 2^32, of negative numbers too.
    array.writeUInt32BE(value >>> 0, offset + 4);
  }
  return array;
}

/** The same where some are missing; for what is not asked for every event. */
export function bigintOrNullList(list: readonly (number | null)[]): Buffer {
  const encoded = list.map((value) => {
    if (value === null) return null;
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigInt64BE(BigInt(value));
    return bytes;
  });
  return arrayOf(TYPES.bigint, encoded);
}

export function integerList(list: readonly number[]): Buffer {
  const array = fixed(TYPES.integer, list.length, 4);
  for (const [at, value] of list.entries()) array.writeInt32BE(value, HEADER_BYTES + at * 8 + 4);
  return array;
}

export function booleanList(list: readonly boolean[]): Buffer {
  const array = fixed(TYPES.boolean, list.length, 1);
  for (const [at, value] of list.entries()) array.writeUInt8(value ? 1 : 0, HEADER_BYTES + at * 5 + 4);
  return array;
}

export const NUL_SYMBOL = '\u2400';

function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', NUL_SYMBOL) : text;
}

function arrayOf(type: number, list: readonly (Uint8Array | null)[]): Buffer {
  let length = HEADER_BYTES;
  for (const item of list) length += 4 + (item?.length ?? 0);
  const array = Buffer.allocUnsafe(length);
  writeHeader(array, type, list.length, list.includes(null));
  let offset = HEADER_BYTES;
  for (const item of list) {
    offset = array.writeInt32BE(item === null ? -1 : item.length, offset);
    if (item === null) continue;
    array.set(item, offset);
    offset += item.length;
  }
  return array.subarray(0, list.length === 0 ? 12 : length);
}

function fixed(type: number, count: number, size: number): Buffer {
  const array = Buffer.allocUnsafe(HEADER_BYTES + count * (4 + size));
  writeHeader(array, type, count, false);
  for (let at = 0; at < count; at++) array.writeInt32BE(size, HEADER_BYTES + at * (4 + size));
  return count === 0 ? array.subarray(0, 12) : array;
}

function writeHeader(array: Buffer, type: number, count: number, hasNull: boolean): void {
  array.writeInt32BE(count === 0 ? 0 : 1, 0);
  array.writeInt32BE(hasNull ? 1 : 0, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
}
