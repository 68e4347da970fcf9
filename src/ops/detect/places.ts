/**
 * Where in a captured request a signature may stand, and what a template may be made of: for search.ts. Nothing is computed here,
 * and nothing of it is believed.
 */
import { SignedBody } from '../../verify/form/parts.ts';
import { readTime } from '../../verify/form/value.ts';
import type { Place, SignatureLayout, SignedTime } from '../../verify/form/vocabulary.ts';
import type { Captured } from './captured.ts';

export interface Value {
  readonly in: Place;
  /** As a placeholder has it: `header:X`. */
  readonly name: string;
  readonly text: string;
}

/** A text in the request that may be a signature. */
export interface Sighting {
  readonly in: Place;
  readonly prefix?: string;
  readonly layout?: SignatureLayout;
  readonly text: string;
}

/** A placeholder that a template may have; `text`: what the time says, if it is `{time}`. */
export interface SignedPart {
  readonly signed: string;
  readonly time?: SignedTime<'header:X'>;
  readonly text?: string;
}

/** They say nothing that a provider would sign, and are in every request. */
const PLAIN =
  /^header:(host|content-(type|length|encoding)|accept.*|user-agent|connection|cookie|via|forwarded|x-forwarded-.*|cf-.*|date|traceparent|transfer-encoding|pragma|cache-control|sec-.*|origin|referer)$/i;
const LOOKS_SIGNED = /^[\w+/-]{27,}={0,2}$/;
/** What a provider may write before each of its signatures. */
const FIXED_WORD = /^([^,;=]{0,40}[=: ])?$/;
/** What separates entries, what stands behind the tag of one, and the layout that this is. */
const LAYOUTS: readonly (readonly [string, string, (tag: string) => SignatureLayout])[] = [
  ...([',', ';'] as const).map((pairs) => [pairs, '=', (mac: string) => ({ pairs, mac })] as const),
  ...([' ', ',', '&'] as const).flatMap((list) =>
    ([',', '=', '|'] as const).map((mark) => [list, mark, (tag: string) => ({ list, tag, mark })] as const),
  ),
];
const UNITS = ['s', 'ms', 'date'] as const;
const LEAVES_MOST = 300;
const NAMES_MOST = 6;

/** All texts of a request, headers first. */
export function valuesOf({ rawHeaders, body: bytes }: Captured): Value[] {
  const found: Value[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [header, text] = rawHeaders.slice(at) as [string, string];
    found.push({ in: { header }, name: `header:${header}`, text });
  }
  const body = new SignedBody(bytes);
  for (const member of memberPaths(bytes))
    found.push({ in: { member }, name: `member:${member}`, text: body.member(member) ?? '' });
  for (const [field, text] of (isForm(bytes) && body.fields) || [])
    found.push({ in: { field }, name: `field:${field}`, text });
  return found.filter(({ text }) => text !== '');
}

function isForm(bytes: Buffer): boolean {
  return /^[\w.%[\]-]+=/.test(bytes.toString('latin1', 0, 200));
}

function memberPaths(bytes: Buffer): string[] {
  const paths: string[] = [];
  const walk = (value: unknown, path: readonly string[]) => {
    if (typeof value !== 'object' || value === null) paths.push(path.join('.'));
    else if (paths.length < LEAVES_MOST)
      for (const [name, its] of Object.entries(value)) walk(its, [...path, name]);
  };
  try {
    walk(JSON.parse(bytes.toString()), []);
  } catch {
    // What is no JSON has no members.
  }
  return paths;
}

export function sightingsIn(values: readonly Value[]): Sighting[] {
  return values.filter(({ name }) => !PLAIN.test(name)).flatMap(readings);
}

function readings({ in: place, text: value }: Value): Sighting[] {
  const starts = [0, ...value.matchAll(/[=: ]/g).map(({ index }) => index + 1)];
  const prefixes = starts.map((at) => value.slice(0, at)).filter((prefix) => FIXED_WORD.test(prefix));
  const tagged = LAYOUTS.flatMap(([separator, mark, layoutOf]) =>
    entriesIn(value, separator, mark).map(([tag, text]) => ({ in: place, layout: layoutOf(tag), text })),
  );
  const whole = prefixes.map((prefix) => {
    return { in: place, ...(prefix && { prefix }), text: value.slice(prefix.length) };
  });
  return [...whole, ...tagged];
}

function entriesIn(value: string, separator: string, mark: string): [string, string][] {
  const entries = value.split(separator).map((entry) => [entry, entry.indexOf(mark)] as const);
  return entries.flatMap(([entry, at]) => (at < 1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]]));
}

/** What a template may be made of, by kinds: of each kind it has one at most. */
export function templateParts(values: readonly Value[], body: Buffer) {
  const isSignature = ({ name, text }: Value) => /sign|hmac|digest/i.test(name) && LOOKS_SIGNED.test(text);
  const groups = values.filter((value) => !('header' in value.in) && isSignature(value)).map(groupOf);
  const times = values.flatMap(timesIn);
  const isNear = (value: Value) =>
    'header' in value.in ? !PLAIN.test(value.name) : groups.includes(groupOf(value));
  const isOther = (value: Value) => !isSignature(value) && times.every(({ text }) => text !== value.text);
  const names = values.filter((value) => isNear(value) && isOther(value) && value.text.length < 200);
  const ofTexts = (...texts: string[]) => texts.map((signed): SignedPart => ({ signed }));
  return {
    body: ofTexts('{body}', ...(isForm(body) ? ['{form}'] : []), '{sha256hex}', '{base64}'),
    times: times.slice(0, NAMES_MOST),
    names: ofTexts(...names.slice(0, NAMES_MOST).map(({ name }) => `{${name}}`)),
    url: ofTexts('{url}', '{target}'),
    method: ofTexts('{method}'),
    key: ofTexts('{key}'),
  };
}

/** The members beside a member have the same. */
function groupOf({ name }: Value): string {
  return name.replace(/[^.:]*$/, '');
}

function timesIn({ in: place, name, text }: Value): SignedPart[] {
  if ('field' in place) return [];
  const pairs = 'header' in place ? [',', ';'].flatMap((separator) => entriesIn(text, separator, '=')) : [];
  const texts = [[name, text], ...pairs.map(([pair, its]) => [`pair:${pair}`, its])] as [string, string][];
  return UNITS.flatMap((unit) =>
    texts
      .filter(([, its]) => readTime(unit, its) !== undefined)
      .map(([from, its]) => ({ signed: '{time}', time: { from: from as 'header:X', unit }, text: its })),
  );
}
