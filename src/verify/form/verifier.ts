/**
 * Checks the signature of a request by the forms of its preset. The schemes `hmac` and `signature` are made of it.
 *
 * The first place that a request fills decides alone: a good weaker signature never mends a bad stronger one. Where several forms
 * fit one value, each is tried; flaws.ts has seen to it that they are equally strong. Every live secret is tried on every
 * signature before the answer is known. What the head tells is read, and refused, before the body is.
 *
 * At the start reading.ts reads each form, and key.ts the secrets. Of a request value.ts reads the value with the signatures, parts.ts
 * what they are over, and algorithms.ts tells whose they are. Keys that the provider publishes come from published.ts.
 */
import { hash } from 'node:crypto';
import type { RefusalCode } from '../refusals.ts';
import type { CheckSettings } from '../schemes.ts';
import { type BodyCheck, type Head, headerLines, type Proof, Rejection, whenKnown } from '../verifier.ts';
import { matching } from './algorithms.ts';
import { type FormKey, readFormKeys } from './key.ts';
import { type HeadFacts, SignedBody, type SignedFacts } from './parts.ts';
import {
  compileForm,
  digestOfTexts,
  fillPieces,
  listedHeaders,
  partText,
  signedHeaders,
  signedUrl,
} from './reading.ts';
import { readSignatures, readTime } from './value.ts';
import { isSha1, type PublicAlgorithm, placeName, type SignatureForm } from './vocabulary.ts';

/** `leewaySeconds`: a person's wish, signed times may be so far off, whatever the form says. */
export type FormSettings = Omit<CheckSettings, 'preset' | 'allowFrom' | 'names'>;
/** The beginning of the codes. */
export type FormScheme = 'hmac' | 'signature';
/** A request that is being checked. */
interface Check extends HeadFacts {
  readonly scheme: FormScheme;
  readonly settings: FormSettings;
  readonly head: Head;
}
type WholeCheck = Check & SignedFacts;

/** With those of the secrets that can be its keys. */
type KeyedForm = ReturnType<typeof compileForm> & { readonly keys: readonly FormKey[] };
/** The name of each place, and the forms that look there. */
type KeyedPlaces = readonly { readonly name: string; readonly forms: readonly KeyedForm[] }[];
/** What a request says of its signature by one form. Nothing of it is proven yet. */
export type Claim = Extract<ReturnType<typeof claimOf>, { compiled: KeyedForm }>;

export function verifyForms(scheme: FormScheme, forms: readonly SignatureForm[], settings: FormSettings) {
  const { secrets, publicUrl, values } = settings;
  const keyed = forms.map((form): KeyedForm => {
    return { ...compileForm(form), keys: secrets.flatMap((secret) => readFormKeys(form, secret)) };
  });
  const byName = Map.groupBy(keyed, ({ form, headers }) => headers[0] ?? placeName(form.in));
  const places = [...byName].map(([name, forms]) => ({ name, forms }));
  return function verifyHead(head: Head): BodyCheck {
    const check: Check = { scheme, settings, head, publicUrl, values };
    const claims = claimsAt(places, check);
    return function verifyWhole(bytes) {
      const body = new SignedBody(bytes);
      const whole = { scheme, settings, head, publicUrl, values, body, time: undefined };
      return judge(claims ?? claimsAt(places, check, body) ?? [], whole);
    };
  };
}

/** Of the first place that is filled. Undefined if the body may fill one, and is not there yet. */
function claimsAt(places: KeyedPlaces, check: Check, body?: SignedBody): Claim[] | undefined {
  for (const { name, forms } of places) {
    const lines = valueLines(forms[0] as KeyedForm, check, body);
    if (lines.length === 0) continue;
    const claims: Claim[] = [];
    let wrong: Rejection | undefined;
    for (const form of forms) {
      const claim = body && !isMeant(form.form, check, body) ? undefined : claimOf(form, lines, check);
      if (claim instanceof Rejection) wrong = claim;
      else if (claim) claims.push(claim);
    }
    if (claims.length > 0) return claims;
    throw wrong ?? rejection(check, 'malformed', `${name} is not of the provider’s form`);
  }
  if (!body && places.some(({ forms: [one] }) => one?.headers.length === 0)) return undefined;
  throw rejection(check, 'missing', `${places.map(({ name }) => name).join(' or ')} is missing`);
}

/** Names and values of what is in the place of a form, by turns. */
function valueLines({ form: { in: place }, headers }: KeyedForm, check: Check, body?: SignedBody) {
  if (headers.length > 0) return linesAt(headers, check, 'headers' in place);
  const value = 'member' in place ? body?.member(place.member) : 'field' in place && body?.field(place.field);
  return typeof value === 'string' ? ['', value] : [];
}

function linesAt(names: readonly string[], check: Check, mayRepeat = false): string[] {
  const found: string[] = [];
  for (const name of names) {
    const lines = headerLines(check.head.rawHeaders, name);
    if (lines.length > 1 && !mayRepeat) throw rejection(check, 'repeated', `${name} is there more than once`);
    for (const line of lines) found.push(name, line);
  }
  return found;
}

/** Whether a body says what the form wants it to say. */
function isMeant({ when = [] }: SignatureForm, { values }: Check, body: SignedBody): boolean {
  return when.every(({ member, is }) => {
    const wanted = typeof is === 'string' ? is : values?.[is.setting];
    return wanted !== undefined && body.member(member) === wanted;
  });
}

/** Undefined if no value is of the form; a Rejection if something else is wrong. */
function claimOf(compiled: KeyedForm, values: readonly string[], check: Check) {
  const { form, time: timePlace, others, keys } = compiled;
  const { head } = check;
  if (isSha1(form) && !check.settings.allowSha1) {
    const isIts = values.some((value, at) => at % 2 === 1 && value.startsWith(form.prefix ?? ''));
    return isIts ? rejection(check, 'sha1') : undefined;
  }
  const read = readSignatures(compiled, values);
  const digest = form.bodyDigest && (new URLSearchParams(head.query).get(form.bodyDigest.query) ?? '');
  if (!read || digest === '') return undefined;
  const lines = others.length > 0 ? [...values, ...linesAt(signedHeaders(compiled, head), check)] : values;
  const isInHeader = timePlace?.word === 'header';
  const url = compiled.signsUrl && check.publicUrl ? signedUrl(check.publicUrl, head.query, form) : undefined;
  if (compiled.signsUrl && !url)
    return rejection(check, 'malformed', 'the URL is signed, and this is not the registered one');
  const facts = read.pairs || url ? { ...check, pairs: read.pairs, publicUrl: url } : check;
  const time = timePlace?.word === 'member' ? undefined : partText(timePlace, facts);
  if (form.time && timePlace?.word !== 'member' && readTime(form.time.unit, time) === undefined)
    return isInHeader ? rejection(check, 'malformed', `${timePlace.name} is missing, or no time`) : undefined;
  if (compiled.listsTime && !listedHeaders(compiled, head).includes(timePlace?.name?.toLowerCase() ?? ''))
    return rejection(check, 'malformed', `${timePlace?.name} is not among the signed headers`);
  const pieces = compiled.readsHead ? fillPieces(compiled.pieces, facts) : compiled.pieces;
  if (typeof pieces === 'string') return rejection(check, 'malformed', pieces);
  return { compiled, keys, signatures: read.signatures, pieces, digest, time, lines };
}

/** It knows at once, unless a key must be fetched. */
function judge(claims: readonly Claim[], check: WholeCheck): Proof | Promise<Proof> {
  if (check.settings.secrets.length > 0) return prove(claims, check);
  const found = claims.map((claim) => withPublished(claim, check));
  const isLater = found.some((claim) => claim instanceof Promise);
  return whenKnown(isLater ? Promise.all(found) : (found as Claim[]), (known) => prove(known, check));
}

/** With the keys that the provider publishes. What is wrong comes as a rejection: thrown, it would leave others behind unheard. */
function withPublished(claim: Claim, check: WholeCheck): Claim | Promise<Claim> {
  const { form, published, keyName } = claim.compiled;
  if (!published) return claim;
  const name = partText(keyName, check);
  if (keyName && !name) return Promise.reject(rejection(check, 'malformed', `${keyName.name} is missing`));
  const finder = check.settings.published;
  if (!finder) return Promise.reject(new Rejection('keys_unavailable', 'no keys are fetched here'));
  const found = finder.find(published, form.algorithm as PublicAlgorithm, name, check.head);
  return whenKnown(found, (keys) => ({ ...claim, keys }));
}

function prove(claims: readonly Claim[], check: WholeCheck): Proof {
  const { scheme, body, head, publicUrl } = check;
  let wrong: Rejection | undefined;
  for (const claim of claims) {
    const { compiled, digest, lines } = claim;
    if (digest !== undefined && digest !== hash('sha256', body.bytes, 'hex')) continue;
    if (compiled.isOfJson && !body.isJson) continue;
    const time = compiled.time?.word === 'member' ? partText(compiled.time, check) : claim.time;
    const facts = time === undefined ? check : { ...check, time };
    const pieces = fillPieces(claim.pieces, facts);
    const key = typeof pieces === 'object' && matching(claim, pieces);
    if (!key) continue;
    const late = timeRefused(compiled.form, facts);
    // Another form may read the time in another unit.
    if (late && (!wrong || late.code.endsWith('_timestamp'))) wrong = late;
    if (late) continue;
    const said = compiled.signsText ? { claims: digestOfTexts(claim.pieces, facts) } : undefined;
    const proof: Proof = { scheme, secret: key.fingerprint, form: compiled.label, ...said };
    // A query is never stored, so what was signed with one that is not registered cannot be checked again.
    const isUrlKnown = !compiled.signsUrl || head.query === '' || publicUrl?.endsWith(`?${head.query}`);
    if (!compiled.isEvidence || !isUrlKnown) return proof;
    const signature = lines[1] as string;
    return lines.length === 2 ? { ...proof, signature } : { ...proof, signature, lines: lines.slice(2) };
  }
  throw wrong ?? rejection(check, 'mismatch');
}

function timeRefused({ time }: SignatureForm, check: WholeCheck): Rejection | undefined {
  if (!time) return undefined;
  const { settings, head } = check;
  const at = readTime(time.unit, check.time);
  if (at === undefined) return rejection(check, 'malformed', `${time.from} is missing, or no time`);
  const seconds = Math.floor(head.receivedAt / 1_000) - Math.floor(at / 1_000);
  const { toleranceSeconds = settings.toleranceSeconds } = time;
  const most = Math.max(toleranceSeconds ?? Number.POSITIVE_INFINITY, settings.leewaySeconds ?? 0);
  if (Math.abs(seconds) <= most) return undefined;
  const where = seconds > 0 ? `${seconds} s behind` : `${-seconds} s ahead of`;
  return rejection(check, 'timestamp', `the signed timestamp is ${where} our clock`);
}

function rejection({ scheme }: Pick<Check, 'scheme'>, code: string, reason?: string): Rejection {
  return new Rejection(`${scheme}_${code}` as RefusalCode, reason);
}
