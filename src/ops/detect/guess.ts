/**
 * A captured request with one secret that may have signed it, in the words of the vocabulary: the texts in it, where in them a
 * signature may stand and how it may be made, and of what a template may consist. Nothing of that is believed: refusedBecause tells
 * what the service says to it. For search.ts and clues.ts.
 */
import { exactObject, exactValue } from '../../base/json-text.ts';
import { expectedBy } from '../../verify/form/algorithms.ts';
import { readFormKeys } from '../../verify/form/key.ts';
import { KEY, SignedBody } from '../../verify/form/parts.ts';
import { compileForm, fillPieces } from '../../verify/form/reading.ts';
import { readSignatures, readTime } from '../../verify/form/value.ts';
import { isAsymmetric, type Place, type SignatureForm } from '../../verify/form/vocabulary.ts';
import { hmac } from '../../verify/hmac.ts';
import { presets } from '../../verify/presets-by-name.ts';
import type { Captured } from './captured.ts';

/** They say nothing that a provider would sign, and are in every request. */
const PLAIN =
  /^(host|content-(type|length|encoding)|accept.*|user-agent|connection|cookie|via|forwarded|x-forwarded-.*|cf-.*|traceparent|transfer-encoding|pragma|cache-control|sec-.*|origin|referer)$/i;
/** What may be a digest or a signature, in whichever encoding. */
export const LONG = /[\w+/-]{27,}={0,2}/g;
export const ENCODINGS = ['hex', 'base64', 'base64url'] as const;
const BASE = { in: { header: 'X' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' } as const;
const UNITS = ['s', 'ms', 'date'] as const;
const MACS = ['hmac-sha256', 'hmac-sha1', 'hmac-sha512'];
const OTHERS = ['digest-sha256', 'ed25519', 'ecdsa-sha256', 'ecdsa-sha1', 'rsa-sha256', 'rsa-sha1'];
const TEXTS_MOST = 400;
/** Of a text so much is looked into, in characters. */
const TEXT_MOST = 8_000;
/** How much is read for signatures, in characters. */
const READ_MOST = 4_000_000;
const DEPTH_MOST = 20;
/** Of times, and of names. */
const ALTERNATIVES_MOST = 6;
/** As the service has it if its knobs say nothing. */
const TOLERANCE_SECONDS = 300;

type Way = { readonly algorithm: string; readonly key?: unknown };
/** `secrets`: all of them, of which none is shown. */
type Capture = { captured: Captured; secrets: readonly string[]; publicUrl: string | undefined };
export type Guess = ReturnType<typeof guessOf>;
type Value = Guess['texts'][number];

/** `texts`: those that a provider may have put there, headers first. `name`: as a placeholder has it, `header:X`. */
export function guessOf({ captured, secrets, publicUrl }: Capture, secret: string) {
  const { url = '', rawHeaders, body: bytes } = captured;
  const query = URL.parse(url, 'https://localhost')?.search.slice(1) ?? '';
  const head = { receivedAt: Date.now(), address: undefined, query, rawHeaders };
  const body = new SignedBody(bytes);
  const isJson = exactValue(bytes.toString()) !== undefined;
  const members = isJson ? pathsIn(JSON.parse(bytes.toString())).take(TEXTS_MOST) : [];
  const found = [
    ...rawHeaders.map((name, at) => ['header', name, at % 2 || PLAIN.test(name) ? '' : rawHeaders[at + 1]]),
    ...Array.from(members, (path) => ['member', path, body.member(path)]),
    ...((!isJson && body.fields) || []).map(([name, text]) => ['field', name, text]),
  ];
  const texts = found.slice(0, TEXTS_MOST).flatMap(([kind = '', name = '', whole = '']) => {
    const text = whole.slice(0, TEXT_MOST);
    const isHidden = text === '' || secrets.some((one) => name.includes(one));
    return isHidden ? [] : [{ in: { [kind]: name } as unknown as Place, name: `${kind}:${name}`, text }];
  });
  const times = texts.flatMap(timesIn).slice(0, ALTERNATIVES_MOST);
  return { captured, secret, secrets, publicUrl, head, body, texts, times, tools: toolsFor(secret) };
}

function* pathsIn(value: unknown, path: readonly string[] = []): Generator<string> {
  const isLeaf = typeof value !== 'object' || value === null || path.length === DEPTH_MOST;
  if (isLeaf) yield path.join('.');
  else for (const [name, its] of Object.entries(value)) yield* pathsIn(its, [...path, name]);
}

/** Undefined if the service takes the request under these forms; its refusal in words otherwise. */
export function refusedBecause(
  { head, body, secret, publicUrl }: Guess,
  forms: readonly SignatureForm[],
  leewaySeconds = Number.POSITIVE_INFINITY,
): string | undefined {
  const isPublic = forms.some((form) => isAsymmetric(form) && readFormKeys(form, secret).length > 0);
  const its = forms.filter((form) => isAsymmetric(form) === isPublic);
  const settings = { publicUrl, allowSha1: true, toleranceSeconds: TOLERANCE_SECONDS, leewaySeconds };
  try {
    hmac(its, { ...settings, secrets: [secret] })(head)(body.bytes);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** With which secrets of providers begin, before their base64. Any other beginning would be shown as a part of the secret. */
const KEY_BEGINNINGS = new Set(
  Object.values(presets).flatMap(({ forms }) =>
    forms.flatMap(({ key }) => (typeof key === 'object' && 'base64After' in key ? key.base64After : [])),
  ),
);

/** Every algorithm with every key that the secret can be. */
function toolsFor(secret: string) {
  const words = [...KEY_BEGINNINGS]
    .filter((word) => secret.startsWith(word))
    .map((word) => ({ base64After: word }));
  const keys = ['hex', 'base64', 'sha1', ...(secret.normalize('NFKD') === secret ? [] : ['nfkd']), ...words];
  const macs = MACS.flatMap((algorithm) => [{ algorithm }, ...keys.map((key) => ({ algorithm, key }))]);
  const ways: Way[] = [...macs, ...OTHERS.map((algorithm) => ({ algorithm }))];
  return ways.flatMap((way) => {
    const form = { ...BASE, ...way } as SignatureForm;
    return readFormKeys(form, secret).map((key) => ({ way, compiled: compileForm(form), key }));
  });
}

/**
 * Forms that do not say yet what is signed, by their algorithm and the signature that each reads here: in Latin-1, and left out if a
 * private key makes it.
 */
export function bearingIn({ texts, secret, tools }: Guess): ReadonlyMap<string, { form: SignatureForm }[]> {
  const rows: { key: string; form: SignatureForm }[] = [];
  const algorithms = new Set(tools.map(({ way }) => way.algorithm)).add('equal');
  const shown = [secret, Buffer.from(secret).toString('base64')];
  const isLikely = ({ text }: Value) => text.search(LONG) >= 0 || shown.some((one) => text.includes(one));
  let left = READ_MOST;
  for (const { in: place, text } of texts.filter(isLikely))
    for (const where of wheresIn(text)) {
      left -= text.length * algorithms.size * ENCODINGS.length;
      if (left < 0) break;
      for (const algorithm of algorithms)
        for (const encoding of algorithm === 'equal' ? [undefined, 'base64'] : ENCODINGS) {
          const form = { in: place, ...where, ...(encoding && { encoding }), algorithm } as SignatureForm;
          const read = readSignatures(compileForm(form), ['', text])?.signatures ?? [];
          const made = read.map((signature) => (isAsymmetric(form) ? '' : signature.toString('latin1')));
          rows.push(...made.map((one) => ({ key: `${algorithm} ${one}`, form })));
        }
    }
  return Map.groupBy(rows, ({ key }) => key);
}

/** A template as forms have it: if it has a time, with each that there may be, and the text of that. */
export function templatesOf(signed: string, { times }: Guess) {
  if (!signed.includes('{time}')) return [{ template: { signed }, timeText: '' }];
  return times.map(({ time, text }) => ({ template: { signed, time }, timeText: text }));
}

/** With each of the tools what a template makes, in Latin-1, which nobody may see, and of how many bytes. */
export function* makingOf(signed: string, timeText: string, guess: Guess) {
  const pieces = fillPieces(compileForm({ ...BASE, signed }).pieces, { ...guess, time: timeText });
  const known = typeof pieces === 'string' ? undefined : pieces;
  const sizes = known?.map((piece) => (typeof piece === 'symbol' ? 0 : Buffer.byteLength(piece)));
  const bytes = sizes?.reduce((sum, size) => sum + size, 0) ?? 0;
  for (const { way, compiled, key } of guess.tools) {
    // What a private key makes nobody can tell.
    const make = () =>
      compiled.isAsymmetric ? '' : expectedBy(compiled, key, known ?? []).toString('latin1');
    if (known && way.algorithm.startsWith('digest-') === known.includes(KEY)) yield { way, bytes, make };
  }
}

/** Every prefix that a text may have before a signature, and every layout with something long in it: the plainest first. */
function* wheresIn(text: string): Generator<object> {
  yield {};
  for (const { index } of text.matchAll(/(?<=^[^,;=]{0,40}[=: ])/g)) yield { prefix: text.slice(0, index) };
  for (const [, tag] of text.matchAll(/(?<![^,;=|& ])([^,;=|& ]{1,40})[,=|](?=[\w+/-]{27})/g)) {
    for (const pairs of [',', ';']) yield { layout: { pairs, mac: tag } };
    for (const list of [' ', ',', '&'])
      for (const mark of [',', '=', '|']) yield { layout: { list, tag, mark } };
  }
  const json = exactObject(Buffer.from(text, 'base64').toString());
  for (const json64 of json?.keys() ?? []) yield { layout: { json64 } };
}

/** The times that a text is, or has in pairs. */
function timesIn({ name, text: whole }: { name: string; text: string }) {
  const pairs = whole.matchAll(/(?<=^|[,;])([^=,;]+)=([^,;]*)/g);
  const texts = [[name, whole], ...Array.from(pairs, ([, pair, its]) => [`pair:${pair}`, its])];
  return texts.flatMap(([from, text = '']) => {
    const units = UNITS.filter((unit) => readTime(unit, text) !== undefined);
    return units.map((unit) => ({ time: { from, unit }, text }));
  });
}

/** By kinds: of each kind a template has one part at most. */
export function partsIn({ texts, times }: Guess): string[][] {
  const isSignature = ({ name, text }: Value) => /sign|hmac|digest/i.test(name) && text.search(LONG) >= 0;
  const groupOf = ({ name }: Value) => name.replace(/[^.:]*$/, '');
  const groups = new Set(['header:', ...texts.filter(isSignature).map(groupOf)]);
  const near = texts.filter((value) => groups.has(groupOf(value)) && !isSignature(value));
  const names = near.filter(({ text }) => text.length < 200 && !times.some((time) => time.text === text));
  const tagged = texts.filter(({ text }) => text.search(LONG) >= 0);
  const versions = tagged.flatMap(({ text }) => /(?<=^|[=,; ])v\d+\b/.exec(text) ?? []);
  return [
    ['{body}', ...(texts.some((value) => 'field' in value.in) ? ['{form}'] : []), '{sha256hex}', '{base64}'],
    ['{time}'],
    names.slice(0, ALTERNATIVES_MOST).map(({ name }) => `{${name}}`),
    ...[['{url}', '{target}'], ['{method}'], ['{key}'], [...new Set(versions)]],
  ];
}
