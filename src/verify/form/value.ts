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
import { exactObject } from '../../base/json-text.ts';
import type { CompiledForm } from './reading.ts';
import type { Algorithm, Encoding } from './vocabulary.ts';

const SIGNATURES_MAX = 8;
const HEX = /^([\da-f]{2})+$/i;
/** Of a DER signature or RSA the length is the key's. */
const BYTES = { 'hmac-sha256': 32, 'digest-sha256': 32, 'hmac-sha1': 20, 'hmac-sha512': 64, ed25519: 64 };
const VARIABLE_BYTES_MAX = 1_024;
const TIMES = {
  s: /^[1-9]\d{9}$/,
  ms: /^[1-9]\d{12}$/,
  date: /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)$/,
};
type TimeUnit = keyof typeof TIMES;

/** What a value says. Nothing of it is proven yet. */
export interface ValueRead {
  readonly signatures: readonly Buffer[];
  /** The text of the time, if it stands among the pairs. */
  readonly time: string | undefined;
}

/** Undefined if the value is not exactly of the form. */
export function readSignatures(compiled: CompiledForm, value: string): ValueRead | undefined {
  const { form, prefix } = compiled;
  if (form.layout === undefined) {
    const signature = value.startsWith(prefix)
      ? decodeSignature(form, value.slice(prefix.length))
      : undefined;
    return signature && { signatures: [signature], time: undefined };
  }
  const read =
    'pairs' in form.layout
      ? readPairs(compiled, value)
      : 'list' in form.layout
        ? readTagged(compiled, value)
        : readMember(form.layout.json64, value);
  if (read === undefined || read.texts.length > SIGNATURES_MAX) return undefined;
  const signatures = read.texts.flatMap((text) => decodeSignature(form, text) ?? []);
  return signatures.length > 0 ? { signatures, time: read.time } : undefined;
}

/** The value that the provider would send, of a signature in its encoding. */
export function writeValue(
  { form: { layout }, prefix, time }: CompiledForm,
  text: string,
  timeText: string,
): string {
  if (layout === undefined) return prefix + text;
  if ('list' in layout) return `${layout.tag ?? 'key'}${layout.mark}${text}`;
  if ('json64' in layout) return Buffer.from(JSON.stringify({ [layout.json64]: text })).toString('base64');
  const pair = time?.kind === 'pair' ? `${time.name}=${timeText}${layout.pairs}` : '';
  return `${pair}${layout.mac}=${text}`;
}

/** In milliseconds since 1970; undefined if the text is not exactly of the unit. */
export function readTime(unit: TimeUnit, text: string): number | undefined {
  if (!TIMES[unit].test(text)) return undefined;
  const ms = unit === 'date' ? Date.parse(text) : Number(text) * (unit === 's' ? 1_000 : 1);
  return Number.isNaN(ms) ? undefined : ms;
}

export function writeTime(unit: TimeUnit, ms: number): string {
  if (unit === 'date') return new Date(ms).toISOString();
  return String(unit === 's' ? Math.floor(ms / 1_000) : ms);
}

/** The signed time among the pairs of a value, in unix seconds; undefined in any other. */
export function signedSecondsIn(value: string): number | undefined {
  const text = /(?:^|[,;])ts?=([1-9]\d{9})(?:[,;]|$)/.exec(value)?.[1];
  return text === undefined ? undefined : Number(text);
}

interface TextsRead {
  readonly texts: readonly string[];
  readonly time: string | undefined;
}

function readPairs({ form, time }: CompiledForm, value: string): TextsRead | undefined {
  const { pairs: separator, mac } = form.layout as { pairs: string; mac: string };
  const timeName = time?.kind === 'pair' ? time.name : undefined;
  const times: string[] = [];
  const texts: string[] = [];
  for (const pair of value.split(separator)) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const text = pair.slice(at + 1);
    if (at < 1 || name.trim() !== name) return undefined;
    if (name === timeName) times.push(text);
    if (name === mac) texts.push(text);
  }
  return times.length === (timeName === undefined ? 0 : 1) ? { texts, time: times[0] } : undefined;
}

function readTagged({ form }: CompiledForm, value: string): TextsRead | undefined {
  const { list, tag, mark } = form.layout as { list: string; tag?: string; mark: string };
  const texts: string[] = [];
  for (const entry of value.split(list)) {
    const at = entry.indexOf(mark);
    if (at < 1) return undefined;
    if (tag === undefined || entry.slice(0, at) === tag) texts.push(entry.slice(at + 1));
  }
  return { texts, time: undefined };
}

function readMember(name: string, value: string): TextsRead | undefined {
  const json = Buffer.from(value, 'base64');
  const text = json.toString('base64') === value ? exactObject(json.toString('utf8'))?.get(name) : undefined;
  return typeof text === 'string' ? { texts: [text], time: undefined } : undefined;
}

/** Node decodes leniently: odd nibbles, trailing junk and other alphabets all pass. Only the exact form may. */
function decodeSignature(
  { algorithm, encoding }: { algorithm: Algorithm; encoding?: Encoding },
  text: string,
) {
  if (encoding === undefined) return text === '' ? undefined : Buffer.from(text, 'latin1');
  const bytes = Buffer.from(text, encoding);
  const length = (BYTES as Partial<Record<Algorithm, number>>)[algorithm];
  if (
    length === undefined ? bytes.length === 0 || bytes.length > VARIABLE_BYTES_MAX : bytes.length !== length
  )
    return undefined;
  if (encoding === 'hex') return HEX.test(text) ? bytes : undefined;
  return bytes.toString(encoding) === text ? bytes : undefined;
}
