/**
 * The pages of an SQLite file as they are on disk, the commits of its write-ahead log over them, read without SQLite: for a file
 * that is damaged, of which SQLite gives nothing. https://www.sqlite.org/fileformat.html says what stands where. Nobody may
 * write to the file meanwhile. A page that the disk does not give is left out and counted.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { PAGE_BYTES } from './files.ts';

const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const WAL_MAGIC = 0x377f_0682;
/** Free pages are listed on some of them. */
const FIRST_FREE_LIST_AT = 32;

export class Pages {
  /** Bytes of a page that are used. */
  readonly usable: number;
  /** They are numbered from 1. */
  readonly count: number;
  /** Pages that hold nothing by now: what stands there was deleted. */
  readonly free: ReadonlySet<number>;
  /** So many could not be read from the disk. */
  unreadable = 0;
  readonly #size: number;
  readonly #file: number;
  readonly #wal: number | undefined;
  /** Where in the log the newest content of a page stands. */
  readonly #inWal = new Map<number, number>();

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    const header = this.#read(this.#file, 0, 100) ?? Buffer.alloc(100);
    const isWhole = header.toString('latin1', 0, 15) === 'SQLite format 3';
    const size = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
    const isSize = isWhole && size >= 512 && (size & (size - 1)) === 0;
    this.#size = isSize ? size : PAGE_BYTES;
    this.usable = this.#size - (isSize ? (header[20] as number) : 0);
    this.#wal = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, 'r') : undefined;
    const inFile = Math.floor(fstatSync(this.#file).size / this.#size);
    this.count = Math.max(inFile, this.#readWal());
    this.free = this.#freePages();
  }

  /** Undefined if there is none of that number, or if it cannot be read. */
  page(number: number): Buffer | undefined {
    if (number < 1 || number > this.count) return undefined;
    const at = this.#inWal.get(number);
    if (at !== undefined && this.#wal !== undefined) return this.#read(this.#wal, at, this.#size);
    return this.#read(this.#file, (number - 1) * this.#size, this.#size);
  }

  close(): void {
    closeSync(this.#file);
    if (this.#wal !== undefined) closeSync(this.#wal);
  }

  #read(file: number, at: number, length: number): Buffer | undefined {
    const bytes = Buffer.alloc(length);
    try {
      if (readSync(file, bytes, 0, length, at) > 0) return bytes;
    } catch {
      this.unreadable++;
    }
    return undefined;
  }

  /** Answers with the number of pages after the last commit in the log, 0 if there is none. */
  #readWal(): number {
    const wal = this.#wal;
    const header = wal === undefined ? undefined : this.#read(wal, 0, WAL_HEADER);
    if (wal === undefined || !header || (header.readUInt32BE(0) & ~1) >>> 0 !== WAL_MAGIC) return 0;
    if (header.readUInt32BE(8) !== this.#size) return 0;
    const sum = new WalChecksum(header.readUInt32BE(0) % 2 === 1);
    if (!sum.add(header.subarray(0, 24)).is(header, 24)) return 0;
    const salt = header.subarray(16, 24);
    let count = 0;
    let open: [page: number, at: number][] = [];
    for (let at = WAL_HEADER; ; at += FRAME_HEADER + this.#size) {
      const frame = this.#read(wal, at, FRAME_HEADER + this.#size);
      if (!frame?.subarray(8, 16).equals(salt)) return count;
      if (!sum.add(frame.subarray(0, 8)).add(frame.subarray(FRAME_HEADER)).is(frame, 16)) return count;
      open.push([frame.readUInt32BE(0), at + FRAME_HEADER]);
      const sizeAfter = frame.readUInt32BE(4);
      // Not a commit: what comes behind decides whether it counts.
      if (sizeAfter === 0) continue;
      for (const [page, where] of open) this.#inWal.set(page, where);
      open = [];
      count = sizeAfter;
    }
  }

  /** As far as the lists can be read. */
  #freePages(): Set<number> {
    const free = new Set<number>();
    let next = this.page(1)?.readUInt32BE(FIRST_FREE_LIST_AT) ?? 0;
    while (next > 1 && next <= this.count && !free.has(next)) {
      free.add(next);
      const list = this.page(next);
      if (!list) break;
      const listed = Math.min(list.readUInt32BE(4), this.#size / 4 - 2);
      for (let nth = 0; nth < listed; nth++) free.add(list.readUInt32BE(8 + 4 * nth));
      next = list.readUInt32BE(0);
    }
    return free;
  }
}

class WalChecksum {
  readonly #isBigEndian: boolean;
  #one = 0;
  #two = 0;

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian;
  }

  add(bytes: Buffer): this {
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      this.#one = (this.#one + this.#word(bytes, at) + this.#two) >>> 0;
      this.#two = (this.#two + this.#word(bytes, at + 4) + this.#one) >>> 0;
    }
    return this;
  }

  is(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32BE(at) === this.#one && bytes.readUInt32BE(at + 4) === this.#two;
  }

  #word(bytes: Buffer, at: number): number {
    return this.#isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  }
}
