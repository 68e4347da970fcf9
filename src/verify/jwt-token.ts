/**
 * A token as it comes: its parts, strictly read, the key that has signed it, and its claims and times. Part of jwt.ts; refuses with
 * 401, and with 503 if a key cannot be fetched. Below, its claims number by number: compared with a body, and digested.
 */
import { isUtf8 } from 'node:buffer';
import { hash, type KeyObject } from 'node:crypto';
import { type Exact, exactObject, jsonStartOf, NumberText, sameExact, spell } from '../base/json-text.ts';
import type { FormKey } from './form/key.ts';
import type { PublicAlgorithm } from './form/vocabulary.ts';
import { JWT_ALGORITHMS, type JwtForm, requiredClaims } from './jwt-form.ts';
import type { CheckSettings } from './schemes.ts';
import { type Head, headerLines, Rejection } from './verifier.ts';

const TOKEN = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const INTEGER = /^(0|[1-9]\d*)$/;
/** A stranger chooses it, and it is parsed before anything is proven. */
const HEADER_BYTES_MAX = 2_048;

export type JwtOptions = Pick<CheckSettings, 'secrets' | 'toleranceSeconds' | 'leewaySeconds' | 'published'>;

export function readToken(head: Head, { header: name, word }: JwtForm) {
  const lines = headerLines(head.rawHeaders, name.toLowerCase());
  if (lines.length === 0) throw new Rejection('jwt_missing', `the ${name} header is missing`);
  if (lines.length > 1) throw new Rejection('jwt_repeated', `the ${name} header is there more than once`);
  const [line = ''] = lines;
  const before = word === undefined ? '' : `${word} `;
  const hasWord = line.slice(0, before.length).toLowerCase() === before.toLowerCase();
  const segments = (hasWord ? TOKEN.exec(line.slice(before.length))?.slice(1) : undefined) ?? [];
  if (segments.length !== 3 || !segments.every(isCanonical)) throw new Rejection('jwt_malformed');
  const [header, payload] = segments.map((segment) => Buffer.from(segment, 'base64url')) as [Buffer, Buffer];
  const protectedHeader =
    header.length <= HEADER_BYTES_MAX ? exactObject(header.toString('utf8')) : undefined;
  if (!protectedHeader) throw new Rejection('jwt_malformed');
  return { token: segments.join('.'), protectedHeader, payload };
}

/** Those of the preset's set that the token may be signed with. */
export async function publishedKeys(
  protectedHeader: ReadonlyMap<string, Exact>,
  head: Head,
  { key, algorithm }: JwtForm,
  { published }: JwtOptions,
): Promise<readonly FormKey[]> {
  const kid = protectedHeader.get('kid');
  if (typeof kid !== 'string') throw new Rejection('jwt_malformed', 'the token’s header names no kid');
  if (!key || !published) throw new Rejection('keys_unavailable', 'no keys are fetched here');
  return await published.find(key, JWT_ALGORITHMS[algorithm] as PublicAlgorithm, kid, head);
}

/** Of a token whose signature is good: what a stranger sends as claims is not parsed. */
export function claimsIn(payload: Buffer, form: JwtForm): ReadonlyMap<string, Exact> {
  const claims = exactObject(payload.toString('utf8'));
  if (!claims) throw new Rejection('jwt_malformed');
  const missing = requiredClaims(form).find((name) => !claims.has(name));
  if (missing !== undefined) throw new Rejection('jwt_malformed', `the token’s ${missing} is missing`);
  for (const name of ['iat', 'exp', 'nbf']) {
    const value = claims.get(name);
    if (value === undefined) continue;
    if (!(value instanceof NumberText && INTEGER.test(value.text))) {
      throw new Rejection('jwt_time', `the token’s ${name} is not a whole number of seconds`);
    }
  }
  return claims;
}

/** Base64url leaves unused bits in the last character: only one of its spellings is accepted. */
function isCanonical(segment: string): boolean {
  return Buffer.from(segment, 'base64url').toString('base64url') === segment;
}

/** The key that signed the token. Rejects if none did, or if the token's times do not hold. */
export async function keyOfToken(
  token: string,
  keys: readonly FormKey[],
  receivedAt: number,
  { form, toleranceSeconds, leewaySeconds = 0 }: JwtOptions & { readonly form: JwtForm },
  { errors, jwtVerify }: typeof import('jose'),
): Promise<FormKey> {
  const isDated = requiredClaims(form).includes('iat');
  const attempts = keys.map(({ object }) =>
    jwtVerify(token, object as KeyObject, {
      algorithms: [form.algorithm],
      currentDate: new Date(receivedAt),
      clockTolerance: leewaySeconds,
      requiredClaims: isDated ? ['iat'] : [],
    }),
  );
  const results = await Promise.allSettled(attempts);
  const good = results.find((result) => result.status === 'fulfilled');
  if (good) {
    const key = keys[results.indexOf(good)] as FormKey;
    const seconds = Math.floor(receivedAt / 1000) - Number(good.value.payload.iat);
    if (!isDated || Math.abs(seconds) <= toleranceSeconds) return key;
    throw new Rejection('jwt_time', `the token’s iat is ${seconds} s from our clock`);
  }
  const failures = results.map((result) => (result as PromiseRejectedResult).reason);
  const times = failures.find(
    (failure) => failure instanceof errors.JWTClaimValidationFailed || failure instanceof errors.JWTExpired,
  );
  if (times) throw new Rejection('jwt_time', times.message);
  if (failures.some((failure) => failure instanceof errors.JWTInvalid)) throw new Rejection('jwt_malformed');
  throw new Rejection('jwt_mismatch');
}

const REGISTERED = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']);
/** These are about the token: they change when the same event is signed again. Who it is from, to and about stays. */
const ABOUT_THE_TOKEN = ['iat', 'exp', 'nbf', 'jti'];

/** Every member is the claim of that name; a claim that the body lacks is a registered one. */
export function bodyMatches(body: Buffer, claims: ReadonlyMap<string, Exact>): boolean {
  const members = isUtf8(body) ? exactObject(body.toString('utf8', jsonStartOf(body))) : undefined;
  if (!members) return false;
  for (const [name, value] of members) {
    const claim = claims.get(name);
    if (claim === undefined || !sameExact(value, claim)) return false;
  }
  return [...claims.keys()].every((name) => members.has(name) || REGISTERED.has(name));
}

/** Of what the claims say of the event, however they were written and whenever they were signed. */
export function digestOfContent(claims: ReadonlyMap<string, Exact>, cut: string | undefined): string {
  const content = new Map(claims);
  for (const name of [...ABOUT_THE_TOKEN, cut]) if (name !== undefined) content.delete(name);
  return hash('sha256', spell(content), 'hex');
}
