/**
 * The scheme `jwt`: `Authorization: Bearer <JWT>`, HS256, whose claims are the body. Refuses with 401.
 *
 * jose checks the signature and the times. Before it stands what jose is lenient about: segments must be strict
 * base64url, and `crit`, `b64`, `zip` and nested tokens are refused. After it, the body must be what was signed: every
 * member equals the claim of that name, numbers by their text; a claim that the body lacks must be a registered one.
 */
import { isUtf8 } from 'node:buffer';
import { createSecretKey, type KeyObject } from 'node:crypto';
import { CompactSign, errors, jwtVerify } from 'jose';
import { type Exact, NumberText, parseExact, sameExact } from '../base/json-text.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { CheckSettings, SecretRow, Signed } from './schemes.ts';
import { type BodyCheck, type Head, headerLines, type Proof, Rejection, type Verifier } from './verifier.ts';

const BEARER = /^Bearer ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/i;
const REGISTERED = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']);
const INTEGER = /^(0|[1-9]\d*)$/;
/** Unlike `toString`, it reads bytes of every kind, and throws for all else. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

export const JWT = {
  name: 'jwt',
  setting: 'JWT_SECRET',
  holds: 'secrets',
  headersOf: () => ['authorization'],
  build: (settings): Verifier => jwt(settings),
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
      says: 'the token’s signature does not match any live secret',
      asks: 'was the secret rotated?',
      fix: 'Put what the listener signs with into `…_JWT_SECRET` and the one before it into `…_JWT_SECRET_PREVIOUS`, or both into its file; what was refused is then judged again. `npm run secret -- rotate <source>` leads through it.',
    },
    jwt_time: {
      status: 401,
      says: 'the token’s times (iat, exp, nbf) do not hold on our clock',
      asks: 'is the clock of this machine right?',
      fix: 'Let it follow a time server: `timedatectl` says whether it does. The listener must sign at the moment of sending, with `iat`.',
    },
    jwt_body: {
      status: 401,
      says: 'the body is not what the token’s claims say',
      asks: 'does the listener send another object than it signs, or does a proxy rewrite bodies?',
      fix: 'Send exactly the object that was signed.',
    },
  },
} as const satisfies SecretRow;

export function jwt(options: Pick<CheckSettings, 'secrets' | 'toleranceSeconds'>): Verifier {
  const keys = options.secrets.map((secret) => createSecretKey(secret, 'utf8'));
  const proofs = options.secrets.map((secret): Proof => ({ scheme: 'jwt', secret: fingerprintOf(secret) }));
  return async function verifyJwt(head): Promise<BodyCheck> {
    const { token, protectedHeader, claims } = readToken(head);
    if (protectedHeader.get('alg') !== 'HS256') throw new Rejection('jwt_algorithm');
    for (const name of ['crit', 'b64', 'zip', 'cty']) {
      if (protectedHeader.has(name))
        throw new Rejection('jwt_malformed', `the token’s header carries ${name}`);
    }
    for (const name of ['iat', 'exp', 'nbf']) {
      const value = claims.get(name);
      if (value === undefined) continue;
      if (!(value instanceof NumberText && INTEGER.test(value.text))) {
        throw new Rejection('jwt_time', `the token’s ${name} is not a whole number of seconds`);
      }
    }
    const key = await keyOfToken(token, keys, head.receivedAt, options.toleranceSeconds);
    return function verifyClaims(body) {
      if (!bodyMatches(body, claims)) throw new Rejection('jwt_body');
      return proofs[key] as Proof;
    };
  };
}

/** Signs the body as its own claims, with `iat`, as jsonwebtoken does. Returns the Authorization value. */
export async function signJwt(secret: string, body: Buffer, nowMs: number): Promise<string> {
  const text = body.toString('utf8');
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
  const [protectedHeader, claims] = segments.slice(0, 2).map((segment) => {
    const bytes = Buffer.from(segment, 'base64url');
    return exactObject(bytes.toString('utf8'));
  });
  if (!protectedHeader || !claims) throw new Rejection('jwt_malformed');
  return { token: segments.join('.'), protectedHeader, claims };
}

/** Base64url leaves unused bits in the last character: only one of its spellings is accepted. */
function isCanonical(segment: string): boolean {
  return Buffer.from(segment, 'base64url').toString('base64url') === segment;
}

function exactObject(text: string): Map<string, Exact> | undefined {
  try {
    JSON.parse(text);
    const value = parseExact(text);
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The index of the key that signed the token. Rejects if none did, or if the token's times do not hold. */
async function keyOfToken(
  token: string,
  keys: readonly KeyObject[],
  receivedAt: number,
  toleranceSeconds: number,
): Promise<number> {
  const attempts = keys.map((key) =>
    jwtVerify(token, key, {
      algorithms: ['HS256'],
      currentDate: new Date(receivedAt),
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
  throw new Rejection('jwt_mismatch');
}

function bodyMatches(body: Uint8Array, claims: ReadonlyMap<string, Exact>): boolean {
  const members = isUtf8(body) ? exactObject(UTF8.decode(body)) : undefined;
  if (!members) return false;
  for (const [name, value] of members) {
    const claim = claims.get(name);
    if (claim === undefined || !sameExact(value, claim)) return false;
  }
  return [...claims.keys()].every((name) => members.has(name) || REGISTERED.has(name));
}
