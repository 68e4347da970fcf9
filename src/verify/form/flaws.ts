/**
 * Says in words what is wrong with a form that no compiler may have seen. Each reads after the name of the form. The
 * configuration lists them at the start.
 */
import { PARTS } from './parts.ts';
import { addressPattern } from './published.ts';
import { placeholderNames, placeholdersIn, timePlace } from './reading.ts';
import {
  isAsymmetric,
  keyNamePlace,
  type PublishedKey,
  placeName,
  type SignatureForm,
  type When,
} from './vocabulary.ts';

const ENCODINGS = ['hex', 'base64', 'base64url'];
const ALGORITHMS = [
  ...['hmac-sha256', 'hmac-sha1', 'hmac-sha512'],
  ...['digest-sha256', 'ed25519', 'ecdsa-sha256', 'ecdsa-sha1', 'rsa-sha256', 'rsa-sha1', 'equal'],
];
const KEYINGS = ['text', 'nfkd', 'hex', 'base64', 'sha1'];
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const SERIES_MOST = 100;
const TOLERANCE_MOST_SECONDS = 86_400;

export function formFlaws(given: unknown): string[] {
  if (typeof given !== 'object' || given === null) return ['is not an object'];
  const form = given as SignatureForm;
  const { algorithm, encoding, prefix, signed } = form;
  const flaws = [...placeFlaws(form.in), ...whenFlaws(form)];
  if (prefix !== undefined && typeof prefix !== 'string') flaws.push('has a prefix that is no text');
  if (!ALGORITHMS.includes(algorithm))
    return [...flaws, `has an algorithm that is none of ${ALGORITHMS.join(', ')}`];
  if (algorithm === 'equal') {
    const idle = (['signed', 'time', 'layout', 'key'] as const).filter((name) => form[name] !== undefined);
    flaws.push(...idle.map((name) => `compares a secret, so it has no ${name}`));
    return [undefined, 'base64'].includes(encoding)
      ? flaws
      : [...flaws, 'compares a secret, as it is or in base64'];
  }
  if (!ENCODINGS.includes(encoding)) flaws.push(`has an encoding that is none of ${ENCODINGS.join(', ')}`);
  if (typeof signed !== 'string' || signed === '') return [...flaws, "has no template: signed: '{body}'"];
  return [
    ...flaws,
    ...templateFlaws(signed, form),
    ...layoutFlaws(form),
    ...keyFlaws(form),
    ...timeFlaws(form),
    ...('unlike' in form && !(form.unlike instanceof RegExp) ? ['has an `unlike` that is no pattern'] : []),
  ];
}

/** What is wrong between sound forms: of two that may fit one value, one must not be weaker. */
export function formsFlaws(forms: readonly SignatureForm[]): string[] {
  const fitOne = (one: SignatureForm, other: SignatureForm) =>
    placeName(one.in).toLowerCase() === placeName(other.in).toLowerCase() &&
    (one.prefix ?? '').startsWith(other.prefix ?? '') &&
    !excludes(one, other) &&
    JSON.stringify(one.layout) === JSON.stringify(other.layout);
  const areUnequal = forms.some((one) =>
    forms.some((other) => one.algorithm !== other.algorithm && fitOne(one, other)),
  );
  return areUnequal ? ['has two forms for one value with different algorithms: the weaker one would do'] : [];
}

function placeFlaws(place: unknown): string[] {
  const { upTo, ...where } = (place ?? {}) as Record<string, unknown>;
  const [[kind = '', value] = [], ...more] = Object.entries(where);
  if (more.length > 0 || !['header', 'headers', 'headerSeries', 'member', 'field'].includes(kind))
    return ["does not say where its signature is: in: { header: 'X-Signature' }"];
  if (kind === 'headerSeries' && !isIntegerTo(SERIES_MOST, upTo))
    return [`has a headerSeries whose upTo is not 1 to ${SERIES_MOST}`];
  const names = kind === 'headers' ? value : [value];
  const isName = (one: unknown) =>
    typeof one === 'string' && one !== '' && (!kind.startsWith('header') || HEADER_NAME.test(one));
  const isSound = Array.isArray(names) && names.length > 0 && names.every(isName);
  return isSound ? [] : [`has a ${kind} that is not a name`];
}

/** No body can be checked by both. */
function excludes({ when = [] }: SignatureForm, { when: others = [] }: SignatureForm): boolean {
  return when.some(({ member, is }) =>
    others.some((other) => other.member === member && typeof is === 'string' && other.is !== is),
  );
}

function whenFlaws({ when, in: place }: SignatureForm): string[] {
  if (when === undefined) return [];
  const isSound = ({ member, is }: When) =>
    typeof member === 'string' && (typeof is === 'string' || typeof is?.setting === 'string');
  if (!Array.isArray(when) || !when.every(isSound))
    return ["has a when that is not [{ member: 'version', is: '2' }]"];
  return 'member' in place || 'field' in place
    ? []
    : ['has a when, but its signature is not inside the body'];
}

function isIntegerTo(most: number, given: unknown): boolean {
  return Number.isInteger(given) && Number(given) >= 1 && Number(given) <= most;
}

function templateFlaws(signed: string, { algorithm }: SignatureForm): string[] {
  const flaws: string[] = [];
  const found = placeholdersIn(signed);
  for (const { all, word, name } of found) {
    const row = Object.hasOwn(PARTS, word) ? PARTS[word] : undefined;
    if (!row) flaws.push(`has an unknown placeholder ${all}; there are ${Object.keys(PARTS).join(', ')}`);
    else if (row.takes !== undefined && name === undefined)
      flaws.push(`has ${all} without the name of ${row.takes}: {${word}:…}`);
    else if (row.takes === undefined && name !== undefined)
      flaws.push(`has ${all}, but {${word}} takes no name`);
  }
  const rest = found.reduce((text, { all }) => text.replace(all, ''), signed);
  if (/[{}]/.test(rest)) flaws.push('has a brace that is no placeholder');
  const hasKey = found.some(({ word }) => word === 'key');
  const isDigest = algorithm === 'digest-sha256';
  if (isDigest && !hasKey) flaws.push('is a digest of what anybody knows: {key} is missing');
  if (!isDigest && hasKey) flaws.push('has {key}, which only a digest signs');
  if (found.length === 0) flaws.push('signs nothing of a request');
  return flaws;
}

function layoutFlaws({ layout, prefix }: SignatureForm): string[] {
  if (layout === undefined) return [];
  const isText = (given: unknown) => typeof given === 'string' && given !== '';
  const isSound =
    'json64' in layout
      ? isText(layout.json64)
      : 'pairs' in layout
        ? [',', ';'].includes(layout.pairs) && isText(layout.mac)
        : [' ', ',', '&'].includes(layout.list) &&
          [',', '=', '|'].includes(layout.mark) &&
          String(layout.list) !== layout.mark &&
          (layout.tag === undefined || isText(layout.tag));
  if (!isSound)
    return ["has a layout that is neither { pairs: ',', mac: 'v1' } nor { list: ' ', tag: 'v1', mark: ',' }"];
  return prefix === undefined ? [] : ['has a prefix and a layout: only a whole value has a prefix'];
}

function keyFlaws(form: SignatureForm): string[] {
  const { key } = form;
  if (key === undefined) return [];
  if (isAsymmetric(form)) return publishedFlaws(key);
  if (!form.algorithm.startsWith('hmac-')) return ['has a key, but it is the text of the setting'];
  const isSound =
    typeof key === 'string'
      ? KEYINGS.includes(key)
      : typeof (key as { base64After?: unknown })?.base64After === 'string';
  return isSound ? [] : [`has a key that is none of ${KEYINGS.join(', ')}, { base64After: 'whsec_' }`];
}

/** Of a form, and of a JWT. */
export function publishedFlaws(key: unknown): string[] {
  if (typeof key !== 'object' || key === null) return ['has a key, but it is the public one of the setting'];
  const { jwks, at, kid } = key as Record<string, unknown>;
  const addresses: unknown[] = 'jwks' in key ? [jwks] : Array.isArray(at) ? at : [];
  const place = timePlace(keyNamePlace(key as PublishedKey) ?? '');
  const isNamed = ['header', 'member'].includes(place.kind) && place.name !== '';
  const isFixed = !('jwks' in key) || addressPattern(jwks)?.test(String(jwks));
  if (addresses.length === 0 || !isFixed || !addresses.every(addressPattern))
    return [
      "has a key that is not at an https:// address in full, as in jwks: 'https://api.example.com/jwks'",
    ];
  const needsName = !('jwks' in key) || kid !== undefined;
  return isNamed || !needsName ? [] : ["has a key that is not named by 'header:X' or 'member:a.b'"];
}

function timeFlaws({ time, layout, signed = '' }: SignatureForm): string[] {
  const words = placeholdersIn(signed).map(({ word }) => word);
  const isSigned = words.includes('time');
  if (time === undefined)
    return isSigned
      ? ["signs {time}, but does not say where that is: time: { from: 'header:X', unit: 's' }"]
      : [];
  const { kind, name } = timePlace(time.from);
  if (!['header', 'pair', 'member'].includes(kind) || name === '')
    return ["has a time that is not from 'header:X', 'pair:t' or 'member:a.b'"];
  const flaws: string[] = [];
  if (!['s', 'ms', 'date'].includes(time.unit)) flaws.push('has a time whose unit is none of s, ms, date');
  if (
    ![undefined, null].includes(time.toleranceSeconds as undefined) &&
    !isIntegerTo(TOLERANCE_MOST_SECONDS, time.toleranceSeconds)
  )
    flaws.push(`has a tolerance that is not 1 to ${TOLERANCE_MOST_SECONDS} seconds, or null`);
  if (kind === 'pair' && !(layout && 'pairs' in layout)) flaws.push('has its time in a pair, but no pairs');
  const isBound =
    isSigned ||
    (kind === 'member' && (words.includes('body') || hasLine(signed, name))) ||
    (kind === 'header' && words.includes('listed'));
  if (!isBound) flaws.push('has a time that is not signed: anybody could write it anew');
  return flaws;
}

function hasLine(signed: string, name: string): boolean {
  return placeholderNames({ signed } as SignatureForm, 'lines').some((names) =>
    names.split(',').includes(name),
  );
}
