/**
 * The value in which a signature comes: read strictly, and written as the provider would.
 *
 *   whole   <prefix><signature>
 *   pairs   t=<time>,v1=<signature>[,…]      up to eight signatures, any may match; the names are the form's
 *   list    v1,<signature> [v1,<signature>]  likewise; without a tag of the form any tag will do
 *   json64  base64 of {"…":"<signature>"}
 *
 * What is not a signature of our shape is passed over in pairs and lists, so a provider may add a version while it changes its
 * signature. What is no list at all is refused.
 */
import { hash } from 'node:crypto';
import { exactObject } from '../../base/json-text.ts';
import type { CompiledForm } from './reading.ts';
import type { Encoding, SignatureForm } from './vocabulary.ts';

const HEX = /^([\da-f]{2})*$/i;
const SIGNATURES_MAX = 8;
/** Of a DER signature or RSA the length is the key's. */
const VARIABLE_BYTES_MAX = 1_024;

const DATE =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)$/;
/** How times are written, in how many milliseconds, and how docs show them. */
export const TIMES = {
  s: { form: /^[1-9]\d{9}$/, ms: 1_000, shown: '<unix s>' },
  ms: { form: /^[1-9]\d{12}$/, ms: 1, shown: '<unix ms>' },
  date: { form: DATE, ms: Number.NaN, shown: '<date>' },
};

/** In milliseconds since 1970; undefined if the text is not exactly of the unit. */
export function readTime(unit: keyof typeof TIMES, text = ''): number | undefined {
  if (!TIMES[unit].form.test(text)) return undefined;
  const ms = unit === 'date' ? Date.parse(text) : Number(text) * TIMES[unit].ms;
  return Number.isNaN(ms) ? undefined : ms;
}

export function writeTime(unit: keyof typeof TIMES, ms: number): string {
  return unit === 'date' ? new Date(ms).toISOString() : String(Math.floor(ms / TIMES[unit].ms));
}

/** The signed time among the pairs of a value, in unix seconds; undefined in any other. */
export function signedSecondsIn(value: string): number | undefined {
  const text = /(?:^|[,;])ts?=([1-9]\d{9})(?:[,;]|$)/.exec(value)?.[1];
  return text === undefined ? undefined : Number(text);
}

/** What a value has in it: the texts of its signatures, and of the pairs that are signed or have the time. */
type ValueRead =
  | { readonly texts: readonly string[]; readonly pairs?: ReadonlyMap<string, string> }
  | undefined;

/** Stands in a pair for the headers that the provider signs. */
export const MADE_UP = 'x-signed';

/**
 * `read`: undefined if the value is not exactly of the form, or does not have each of the `wanted` pairs once. `write`: the value
 * that the provider would send, of a signature in its encoding.
 */
export function layoutOf({ layout, prefix = '', time }: SignatureForm, wanted: readonly string[]) {
  if (layout === undefined)
    return {
      read: (value: string): ValueRead =>
        value.startsWith(prefix) ? { texts: [value.slice(prefix.length)] } : undefined,
      write: (signature: string) => prefix + signature,
    };
  if ('json64' in layout)
    return {
      read(value: string): ValueRead {
        const text = exactObject(strictBytes(value, 'base64')?.toString() ?? '')?.get(layout.json64);
        return typeof text === 'string' ? { texts: [text] } : undefined;
      },
      write: (signature: string) =>
        Buffer.from(JSON.stringify({ [layout.json64]: signature })).toString('base64'),
    };
  const arePairs = 'pairs' in layout;
  const { list, mark, tag } = arePairs ? { list: layout.pairs, mark: '=', tag: layout.mac } : layout;
  const timeName = /^pair:(.*)$/s.exec(time?.from ?? '')?.[1];
  return {
    read(value: string): ValueRead {
      const texts: string[] = [];
      const pairs = new Map<string, string>();
      let found = 0;
      for (const entry of value.split(list)) {
        const at = entry.indexOf(mark);
        const name = entry.slice(0, at);
        if (at < 1 || (arePairs && name.trim() !== name)) return undefined;
        if (wanted.includes(name)) {
          pairs.set(name, entry.slice(at + 1));
          found++;
        }
        if (tag === undefined || name === tag) texts.push(entry.slice(at + 1));
      }
      return found === wanted.length && pairs.size === found ? { texts, pairs } : undefined;
    },
    write(signature: string, timeText: string) {
      const pairs = wanted.map((name) => `${name}${mark}${name === timeName ? timeText : MADE_UP}${list}`);
      return `${pairs.join('')}${tag ?? 'key'}${mark}${signature}`;
    },
  };
}

/** What values say; nothing of it is proven yet. `lines`: names and values by turns. Undefined if none is exactly of the form. */
export function readSignatures(compiled: CompiledForm, lines: readonly string[]) {
  const { form, algorithm, layout, isAsymmetric } = compiled;
  const signatures: Buffer[] = [];
  let pairs: ReadonlyMap<string, string> | undefined;
  for (let at = 1; at < lines.length; at += 2) {
    const read = layout.read(lines[at] as string);
    // Each one costs a public key's work, however many lines it is spread over.
    const more = (read?.texts.length ?? 0) + (isAsymmetric ? signatures.length : 0);
    if (!read || more > SIGNATURES_MAX) continue;
    for (const text of read.texts) {
      const bytes = form.encoding ? strictBytes(text, form.encoding) : Buffer.from(text, 'latin1');
      const most = form.encoding ? VARIABLE_BYTES_MAX : text.length;
      if (!bytes?.length || bytes.length !== (algorithm.bytes ?? Math.min(bytes.length, most))) continue;
      // Of secrets of any length: hashed, so that the time taken tells neither a length nor where they differ.
      signatures.push(form.algorithm === 'equal' ? hash('sha256', bytes, 'buffer') : bytes);
      pairs = read.pairs;
    }
  }
  return signatures.length > 0 ? { signatures, pairs } : undefined;
}

/** Node decodes leniently: odd nibbles, trailing junk and other alphabets all pass. Only the exact text may. */
export function strictBytes(text: string, encoding: Encoding): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  const isExact = encoding === 'hex' ? HEX.test(text) : bytes.toString(encoding) === text;
  return isExact ? bytes : undefined;
}
