/**
 * The rows that stand on the pages of an SQLite file, page by page, whether or not anything still leads to a page. A row tells
 * its values and nothing of its table; rescue.ts knows tables by their rows. What cannot be read is passed over.
 */
import type { Pages } from './pages.ts';

export type RecordValue = null | number | string | Buffer;

interface FoundRow {
  /** Rows of a table have a number; entries of an index, and rows of a table without numbers, have none. */
  readonly number: number | undefined;
  /** Undefined if only the number can be read. */
  readonly values: readonly RecordValue[] | undefined;
}

const TABLE_LEAF = 0x0d;
const INDEX_LEAF = 0x0a;
const INDEX_INNER = 0x02;
/** Serial types 1 to 6. */
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

export function* rowsOn(pages: Pages): Generator<FoundRow> {
  for (let number = 1; number <= pages.count; number++) {
    if (pages.free.has(number)) continue;
    const page = pages.page(number);
    if (page) yield* rowsOnPage(pages, page, number === 1 ? 100 : 0);
  }
}

function* rowsOnPage(pages: Pages, page: Buffer, start: number): Generator<FoundRow> {
  const type = page[start] as number;
  if (![TABLE_LEAF, INDEX_LEAF, INDEX_INNER].includes(type)) return;
  const cells = page.readUInt16BE(start + 3);
  const pointers = start + (type === INDEX_INNER ? 12 : 8);
  for (let nth = 0; nth < cells && pointers + 2 * nth + 2 <= page.length; nth++) {
    const row = readCell(pages, page, page.readUInt16BE(pointers + 2 * nth), type);
    if (row) yield row;
  }
}

function readCell(pages: Pages, page: Buffer, at: number, type: number): FoundRow | undefined {
  const cursor = new Cursor(page, type === INDEX_INNER ? at + 4 : at);
  let number: number | undefined;
  try {
    const length = cursor.varint();
    if (type === TABLE_LEAF) number = cursor.varint();
    const payload = readPayload(pages, page, cursor.at, length, type === TABLE_LEAF);
    return { number, values: readRecord(payload) };
  } catch {
    return number === undefined ? undefined : { number, values: undefined };
  }
}

/** What does not fit on the page goes on on others, each of which names the next. */
function readPayload(pages: Pages, page: Buffer, at: number, length: number, isTable: boolean): Buffer {
  const { usable } = pages;
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (length <= most) return slice(page, at, length);
  if (length > pages.count * usable) throw new RangeError('longer than the file');
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const wanted = least + ((length - least) % (usable - 4));
  const local = wanted <= most ? wanted : least;
  const parts = [slice(page, at, local)];
  let next = slice(page, at + local, 4).readUInt32BE(0);
  for (let left = length - local; left > 0; left -= usable - 4) {
    const overflow = pages.page(next);
    if (!overflow) throw new RangeError('a page is missing');
    parts.push(slice(overflow, 4, Math.min(left, usable - 4)));
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

function readRecord(payload: Buffer): RecordValue[] {
  const types = new Cursor(payload, 0);
  const end = types.varint();
  const values: RecordValue[] = [];
  let at = end;
  while (types.at < end) {
    const type = types.varint();
    const length = lengthOf(type);
    values.push(readValue(type, slice(payload, at, length)));
    at += length;
  }
  return values;
}

function lengthOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return type === 7 ? 8 : (INTEGER_BYTES[type] ?? 0);
}

function readValue(type: number, bytes: Buffer): RecordValue {
  if (type >= 12) return type % 2 === 0 ? Buffer.from(bytes) : bytes.toString('utf8');
  if (type === 0) return null;
  if (type === 7) return bytes.readDoubleBE(0);
  if (type === 8 || type === 9) return type - 8;
  if (bytes.length === 8) return Number(bytes.readBigInt64BE(0));
  return bytes.readIntBE(0, bytes.length);
}

function slice(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new RangeError('beyond the page');
  return bytes.subarray(at, at + length);
}

class Cursor {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Seven bits a byte, the ninth has eight. */
  varint(): number {
    let value = 0;
    for (let nth = 0; nth < 9; nth++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new RangeError('beyond the page');
      if (nth === 8) return value * 256 + byte;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return value;
  }
}
