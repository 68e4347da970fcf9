/**
 * The scheme `jwt`: `Authorization: Bearer <JWT>`, HS256, whose claims are the body. Refuses with 401.
 *
 * jose checks the signature and the times. Before it stands what jose is lenient about: segments must be strict
 * base64url, and `crit`, `b64`, `zip` and nested tokens are refused. After it, the body must be what was signed: every
 * member equals the claim of that name, numbers by their text; a claim that the body lacks must be a registered one.
 *
 * What is signed is the content, not the bytes. Whoever has caught a token can write its claims in other words, so the proof
 * says what the claims say: by that, copies are known (inbox/identity.ts).
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { CompactSign, errors, jwtVerify } from 'jose';
import { type Exact, jsonStartOf, NumberText } from '../base/json-text.ts';
import { fingerprintOf } from './fingerprint.ts';
import { bodyMatches, digestOfContent, exactObject } from './jwt-claims.ts';
import type { CheckSettings, SecretRow, Signed } from './schemes.ts';
import { type BodyCheck, type Head, headerLines, type Proof, Rejection, type Verifier } from './verifier.ts';

const BEARER = /^Bearer ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/i;
const INTEGER = /^(0|[1-9]\d*)$/;
/** A stranger chooses it, and it is parsed before anything is proven. */
const HEADER_BYTES_MAX = 2_048;
/** White space and escapes may make a body so much longer than its token. What is longer still is not parsed. */
const EXPLAINED = { times: 8, moreBytes: 4_096 };

export const JWT = {
  name: 'jwt',
  setting: 'JWT_SECRET',
  holds: 'secrets',
  headersOf: () => ['authorization'],
  build: ({ preset, ...settings }): Verifier => jwt(settings, preset.cut),
  async sign(secret, body, nowMs): Promise<Signed> {
    return { headers: { Authorization: await signJwt(secret, body, nowMs) } };
  },
  rotation: {
    after: ['Give it to the sender, who signs its tokens with it from now on.'],
    old: 'The old one works here as long as it is live here.',
  },
  refusals: {
    jwt_missing: {
      status: 401,
      says: 'the Authorization header is missing',
      asks: 'does the listener send one, or does a proxy take it away?',
      fix: 'The listener must send `Authorization: Bearer <token>`.',
    },
    jwt_repeated: {
      status: 401,
      says: 'the Authorization header is there more than once',
      asks: 'does a proxy add its own?',
      fix: 'Have the proxy leave that header alone.',
    },
    jwt_malformed: {
      status: 401,
      says: 'the bearer token is not a plain, strictly encoded JWT',
      asks: 'has the sender changed how it proves itself?',
      fix: 'Sign with `jsonwebtoken` or `jose` as they come: no `crit`, `b64`, `zip` or `cty`.',
    },
    jwt_algorithm: {
      status: 401,
      says: 'the token’s algorithm is not HS256',
      asks: 'has the sender changed how it proves itself?',
      fix: 'Sign with HS256.',
    },
    jwt_mismatch: {
      status: 401,
      mayBeGenuine: true,
      says: 'the token’s signature does not match any live secret',
      asks: 'was the secret rotated?',
      fix: 'Put what the listener signs with into `…_JWT_SECRET` and the one before it into `…_JWT_SECRET_PREVIOUS`, or both into its file; what was refused is then judged again. `npm run secret -- rotate <source>` leads through it.',
    },
    jwt_time: {
      status: 401,
      mayBeGenuine: true,
      says: 'the token’s times (iat, exp, nbf) do not hold on our clock',
      asks: 'is the clock of this machine right?',
      fix: 'Let it follow a time server: `timedatectl` says whether it does. The listener must sign at the moment of sending, with `iat`.',
    },
    jwt_body: {
      status: 401,
      mayBeGenuine: true,
      says: 'the body is not what the token’s claims say',
      asks: 'does the listener send another object than it signs, or does a proxy rewrite bodies?',
      fix: 'Send exactly the object that was signed. Numbers are compared as they are written: `1.0` is not `1`, and `1e3` is not `1000`. White space, escapes and the order of members are free, but a body of more than 8 times its claims and 4 kB is not parsed.',
    },
  },
} as const satisfies SecretRow;

/** `cut`: the member that is a credential and says nothing of the event. */
export function jwt(
  options: Pick<CheckSettings, 'secrets' | 'toleranceSeconds' | 'leewaySeconds'>,
  cut?: string,
): Verifier {
  const keys = options.secrets.map((secret) => createSecretKey(secret, 'utf8'));
  const fingerprints = options.secrets.map(fingerprintOf);
  return async function verifyJwt(head): Promise<BodyCheck> {
    const { token, protectedHeader, payload } = readToken(head);
    if (protectedHeader.get('alg') !== 'HS256') throw new Rejection('jwt_algorithm');
    for (const name of ['crit', 'b64', 'zip', 'cty']) {
      if (protectedHeader.has(name))
        throw new Rejection('jwt_malformed', `the token’s header carries ${name}`);
    }
    const key = await keyOfToken(token, keys, head.receivedAt, options);
    const claims = claimsIn(payload);
    return function verifyClaims(body): Proof {
      if (body.length > EXPLAINED.times * payload.length + EXPLAINED.moreBytes)
        throw new Rejection('jwt_body', 'the body is longer than its token can explain');
      if (!bodyMatches(body, claims)) throw new Rejection('jwt_body');
      return { scheme: 'jwt', secret: fingerprints[key] as string, claims: digestOfContent(claims, cut) };
    };
  };
}

/** Signs the body as its own claims, with `iat`, as jsonwebtoken does. Returns the Authorization value. */
export async function signJwt(secret: string, body: Buffer, nowMs: number): Promise<string> {
  const text = body.toString('utf8', jsonStartOf(body));
  const claims = exactObject(text);
  if (!claims) throw new TypeError('only a JSON object can be signed as a JWT');
  const members = text.trim().slice(1);
  const comma = claims.size > 0 ? ',' : '';
  const payload = claims.has('iat') ? text : `{"iat":${Math.floor(nowMs / 1000)}${comma}${members}`;
  const signer = new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: 'HS256', typ: 'JWT' });
  return `Bearer ${await signer.sign(createSecretKey(secret, 'utf8'))}`;
}

function readToken(head: Head) {
  const lines = headerLines(head.rawHeaders, 'authorization');
  if (lines.length === 0) throw new Rejection('jwt_missing');
  if (lines.length > 1) throw new Rejection('jwt_repeated');
  const segments = BEARER.exec(lines[0] as string)?.slice(1) ?? [];
  if (segments.length !== 3 || !segments.every(isCanonical)) throw new Rejection('jwt_malformed');
  const [header, payload] = segments.map((segment) => Buffer.from(segment, 'base64url')) as [Buffer, Buffer];
  const protectedHeader =
    header.length <= HEADER_BYTES_MAX ? exactObject(header.toString('utf8')) : undefined;
  if (!protectedHeader) throw new Rejection('jwt_malformed');
  return { token: segments.join('.'), protectedHeader, payload };
}

/** Of a token whose signature is good: what a stranger sends as claims is not parsed. */
function claimsIn(payload: Buffer): ReadonlyMap<string, Exact> {
  const claims = exactObject(payload.toString('utf8'));
  if (!claims) throw new Rejection('jwt_malformed');
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

/** The index of the key that signed the token. Rejects if none did, or if the token's times do not hold. */
async function keyOfToken(
  token: string,
  keys: readonly KeyObject[],
  receivedAt: number,
  { toleranceSeconds, leewaySeconds = 0 }: Pick<CheckSettings, 'toleranceSeconds' | 'leewaySeconds'>,
): Promise<number> {
  const attempts = keys.map((key) =>
    jwtVerify(token, key, {
      algorithms: ['HS256'],
      currentDate: new Date(receivedAt),
      clockTolerance: leewaySeconds,
      requiredClaims: ['iat'],
    }),
  );
  const results = await Promise.allSettled(attempts);
  const good = results.find((result) => result.status === 'fulfilled');
  if (good) {
    const seconds = Math.floor(receivedAt / 1000) - (good.value.payload.iat as number);
    if (Math.abs(seconds) <= toleranceSeconds) return results.indexOf(good);
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
