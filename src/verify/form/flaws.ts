/**
 * Says in words what is wrong with a form that no compiler may have seen. Each reads after the name of the form. The
 * configuration lists them at the start.
 */
import { ALGORITHMS } from './algorithms.ts';
import { KEYINGS } from './key.ts';
import { PARTS } from './parts.ts';
import { addressPattern } from './published.ts';
import { PLACEHOLDER, placeFrom, placeholderNames, placeholdersIn } from './reading.ts';
import { TIMES } from './value.ts';
import { ENCODINGS, isAsymmetric, placeName, type SignatureForm } from './vocabulary.ts';

/** Whether it is a text of this form, one of several, what passes, an object with such members, or just this. */
function isLike(given: unknown, shape: unknown): boolean {
  if (shape instanceof RegExp) return typeof given === 'string' && shape.test(given);
  if (Array.isArray(shape)) return shape.some((one) => isLike(given, one));
  if (typeof shape === 'function') return shape(given);
  if (typeof shape !== 'object' || shape === null) return given === shape;
  return Object.entries(shape).every(([name, its]) => isLike(Object(given)[name], its));
}
function listLike(shape: unknown, least: number): (given: unknown) => boolean {
  return (given) => Array.isArray(given) && given.length >= least && given.every((one) => isLike(one, shape));
}
function upTo(most: number): (given: unknown) => boolean {
  return (given) => Number.isInteger(given) && Number(given) >= 1 && Number(given) <= most;
}

const SERIES_MOST = 100;
const TOLERANCE_MOST_SECONDS = 86_400;
const ANY = /^/;
const TEXT = /./s;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const PLACES = { header: NAME, headers: listLike(NAME, 1), headerSeries: NAME, member: TEXT, field: TEXT };
const PAIRS = { pairs: [',', ';'], mac: TEXT };
const TAGS = { tag: [undefined, TEXT] };
const LISTS = [
  { list: [' ', '&'], mark: [',', '=', '|'], ...TAGS },
  { list: ',', mark: ['=', '|'], ...TAGS },
];
const WHEN = listLike({ member: ANY, is: [ANY, { setting: ANY }] }, 0);
const keysOf = (table: object) => Object.keys(table).join(', ');

export function formFlaws(given: unknown): string[] {
  if (typeof given !== 'object' || given === null) return ['is not an object'];
  const form = given as SignatureForm;
  return [...placeFlaws(form), ...(form.algorithm === 'equal' ? secretFlaws(form) : signedFlaws(form))];
}

function* placeFlaws({ in: place, when, prefix }: SignatureForm): Generator<string> {
  const { upTo: most, ...where } = Object(place);
  const [[kind = '', value] = [], ...more] = Object.entries(where);
  if (more.length > 0 || !Object.hasOwn(PLACES, kind))
    yield "does not say where its signature is: in: { header: 'X-Signature' }";
  else if (kind === 'headerSeries' && !isLike(most, upTo(SERIES_MOST)))
    yield `has a headerSeries whose upTo is not 1 to ${SERIES_MOST}`;
  else if (!isLike(value, PLACES[kind as keyof typeof PLACES])) yield `has a ${kind} that is not a name`;
  if (!isLike(when, [undefined, WHEN])) yield "has a when that is not [{ member: 'version', is: '2' }]";
  else if (when && !isLike(kind, ['member', 'field']))
    yield 'has a when, but its signature is not inside the body';
  if (!isLike(prefix, [undefined, ANY])) yield 'has a prefix that is no text';
}

function* secretFlaws(form: SignatureForm): Generator<string> {
  for (const name of ['signed', 'time', 'layout', 'key'] as const)
    if (form[name] !== undefined) yield `compares a secret, so it has no ${name}`;
  if (!isLike(form.encoding, [undefined, 'base64'])) yield 'compares a secret, as it is or in base64';
}

function* signedFlaws(form: SignatureForm): Generator<string> {
  const { algorithm, encoding, key, layout, prefix, signed = '', unlike } = form;
  if (!Object.hasOwn(ALGORITHMS, algorithm))
    return yield `has an algorithm that is none of ${keysOf(ALGORITHMS)}`;
  if (!isLike(encoding, ENCODINGS)) yield `has an encoding that is none of ${ENCODINGS.join(', ')}`;
  if (!isLike(signed, TEXT)) return yield "has no template: signed: '{body}'";
  yield* templateFlaws(signed, algorithm);
  if (!isLike(layout, [undefined, PAIRS, LISTS, { json64: TEXT }]))
    yield "has a layout that is none of { pairs: ',' or ';', mac: 'v1' }, { list: ' ', ',' or '&', tag: 'v1', mark: ',', '=' or '|' } and { json64: 'signature' }";
  else if (layout && prefix !== undefined) yield 'has a prefix and a layout: only a whole value has a prefix';
  if (key !== undefined && isAsymmetric(form)) yield* publishedFlaws(key);
  else if (key !== undefined && !algorithm.startsWith('hmac-'))
    yield 'has a key, but it is the text of the setting';
  else if (!isLike(key, [undefined, ...Object.keys(KEYINGS), { base64After: ANY }]))
    yield `has a key that is none of ${keysOf(KEYINGS)}, { base64After: 'whsec_' }`;
  yield* timeFlaws(form);
  if (/\{pair(Headers)?:/.test(signed) && !hasPairs(layout)) yield 'signs a pair, but has no pairs';
  if (unlike !== undefined && !((unlike as unknown) instanceof RegExp))
    yield 'has an `unlike` that is no pattern';
}

function* templateFlaws(signed: string, algorithm: string): Generator<string> {
  const found = placeholdersIn(signed);
  for (const { all, word, name, row } of found) {
    if (!row) yield `has an unknown placeholder ${all}; there are ${keysOf(PARTS)}`;
    else if (row.takes && name === undefined)
      yield `has ${all} without the name of ${row.takes}: {${word}:…}`;
    else if (!row.takes && name !== undefined) yield `has ${all}, but {${word}} takes no name`;
  }
  if (/[{}]/.test(signed.replace(PLACEHOLDER, ''))) yield 'has a brace that is no placeholder';
  const hasKey = found.some(({ word }) => word === 'key');
  if (algorithm === 'digest-sha256' && !hasKey) yield 'is a digest of what anybody knows: {key} is missing';
  if (algorithm !== 'digest-sha256' && hasKey) yield 'has {key}, which only a digest signs';
  if (found.length === 0) yield 'signs nothing of a request';
}

/** Whichever: what is wrong with them is said once. */
function hasPairs(layout: unknown): boolean {
  return Object.hasOwn(Object(layout), 'pairs');
}

/** Of a form, and of a JWT. */
export function* publishedFlaws(key: unknown): Generator<string> {
  if (typeof key !== 'object' || key === null)
    return yield 'has a key, but it is the public one of the setting';
  const { jwks, kid = 'header:X', at, certificate } = key as Record<string, unknown>;
  const isAddress = (one: unknown) => addressPattern(one) !== undefined;
  const isThere =
    'jwks' in key ? addressPattern(jwks)?.test(String(jwks)) : isLike(at, listLike(isAddress, 1));
  if (!isThere)
    yield "has a key that is not at an https:// address in full, as in jwks: 'https://api.example.com/jwks'";
  else if (!isLike('jwks' in key ? kid : certificate, /^(header|member):./s))
    yield "has a key that is not named by 'header:X' or 'member:a.b'";
}

function* timeFlaws(form: SignatureForm): Generator<string> {
  const { time, layout, signed = '' } = form;
  const isSigned = signed.includes('{time}');
  if (time === undefined && isSigned)
    yield "signs {time}, but does not say where that is: time: { from: 'header:X', unit: 's' }";
  if (time === undefined) return;
  if (!isLike(time, { from: /^(header|pair|member):./s }))
    return yield "has a time that is not from 'header:X', 'pair:t' or 'member:a.b'";
  if (!isLike(time.unit, Object.keys(TIMES))) yield `has a time whose unit is none of ${keysOf(TIMES)}`;
  if (!isLike(time.toleranceSeconds, [undefined, null, upTo(TOLERANCE_MOST_SECONDS)]))
    yield `has a tolerance that is not 1 to ${TOLERANCE_MOST_SECONDS} seconds, or null`;
  const { word: kind = '', name = '' } = placeFrom(time.from) ?? {};
  if (kind === 'pair' && !hasPairs(layout)) yield 'has its time in a pair, but no pairs';
  const lines = placeholderNames(form, 'lines').flatMap((names) => names.split(','));
  const isInBody = kind === 'member' && (signed.includes('{body}') || lines.includes(name));
  if (!isSigned && !isInBody && !(kind === 'header' && signed.includes('{listed:')))
    yield 'has a time that is not signed: anybody could write it anew';
}

/** What is wrong between sound forms: of two that may fit one value, one must not be weaker. */
export function formsFlaws(forms: readonly SignatureForm[]): string[] {
  const placeOf = (form: SignatureForm) => JSON.stringify([placeName(form.in).toLowerCase(), form.layout]);
  const isWeak = (one: SignatureForm, other: SignatureForm) =>
    one.algorithm !== other.algorithm &&
    placeOf(one) === placeOf(other) &&
    (one.prefix ?? '').startsWith(other.prefix ?? '') &&
    // No body can be checked by both.
    !one.when?.some(({ member, is }) =>
      other.when?.some((its) => its.member === member && typeof is === 'string' && its.is !== is),
    );
  const flaw = 'has two forms for one value with different algorithms: the weaker one would do';
  return forms.some((one) => forms.some((other) => isWeak(one, other))) ? [flaw] : [];
}
