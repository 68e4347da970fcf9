/**
 * The scheme `jwt`: a JWT in a header, by the preset's datum (jwt-form.ts); without one `Authorization: Bearer <JWT>`, HS256, whose
 * claims are the body. Refuses with 401.
 *
 * jose checks the signature and the times. Before it stands what jose is lenient about: segments must be strict
 * base64url, and `crit`, `b64`, `zip` and nested tokens are refused. A token chooses neither its algorithm nor where its key is; by
 * `kid` it names one of those that are published for the preset. After it, the body must be what was signed. Where the claims
 * are the body, every member equals the claim of that name, numbers by their text; a claim that the body lacks must be a registered one.
 *
 * Then the content is signed, not the bytes. Whoever has caught a token can write its claims in other words, so the proof
 * says what the claims say: by that, copies are known (inbox/identity.ts).
 *
 * jose is loaded for the first source that has such a secret: every thread and command reads the table of schemes.
 */
import { createPrivateKey, createSecretKey, hash } from 'node:crypto';
import { exactObject, jsonStartOf } from '../base/json-text.ts';
import { keyWords, looksPublic, readFormKeys } from './form/key.ts';
import { BEARER, JWT_ALGORITHMS, type JwtForm, requiredClaims } from './jwt-form.ts';
import {
  bodyMatches,
  claimsIn,
  digestOfContent,
  type JwtOptions,
  keyOfToken,
  publishedKeys,
  readToken,
} from './jwt-token.ts';
import type { SecretRow, Signed } from './schemes.ts';
import { type BodyCheck, type Proof, Rejection, type Verifier } from './verifier.ts';

/** White space and escapes may make a body so much longer than its token. What is longer still is not parsed. */
const EXPLAINED = { times: 8, moreBytes: 4_096 };

export const JWT = {
  name: 'jwt',
  setting: 'JWT_SECRET',
  holds: 'secrets',
  headersOf: ({ jwt: form = BEARER }) => [form.header.toLowerCase()],
  build: ({ preset, ...settings }): Verifier => jwt(settings, preset.cut, preset.jwt),
  async sign(secret, body, nowMs, { preset: { jwt: form = BEARER } }): Promise<Signed> {
    return { headers: { [form.header]: await signJwt(secret, body, nowMs, form) } };
  },
  mistake(secret, { jwt: form = BEARER }) {
    const algorithm = JWT_ALGORITHMS[form.algorithm];
    if (form.algorithm === 'HS256')
      return looksPublic(secret)
        ? {
            wrong: 'is a public key, which anybody may know',
            fix: 'Put the secret there that signs the tokens.',
          }
        : undefined;
    if (readFormKeys({ algorithm }, secret).length > 0) return undefined;
    return { wrong: `is not ${keyWords({ algorithm })}`, fix: 'Copy the provider’s public key anew.' };
  },
  rotation: {
    after: ['Give it to the sender, who signs its tokens with it from now on.'],
    old: 'The old one works here as long as it is live here.',
  },
  arePublic: ({ jwt: form = BEARER }) => form.algorithm !== 'HS256',
  refusals: {
    jwt_missing: {
      status: 401,
      says: 'the header with the token is missing',
      asks: 'does the sender send one, or does a proxy take it away?',
      fix: 'The sender must send `<token>`.',
    },
    jwt_repeated: {
      status: 401,
      says: 'the header with the token is there more than once',
      asks: 'does a proxy add its own?',
      fix: 'Have the proxy leave that header alone.',
    },
    jwt_malformed: {
      status: 401,
      says: 'the token is not a plain, strictly encoded JWT',
      asks: 'has the sender changed how it proves itself?',
      fix: 'The sender must send `<token>`, as `jsonwebtoken` or `jose` make it: no `crit`, `b64`, `zip` or `cty`.',
    },
    jwt_algorithm: {
      status: 401,
      says: 'the token is signed by another algorithm than the one of the provider',
      asks: 'has the sender changed how it proves itself?',
      fix: 'The sender must send `<token>`.',
    },
    jwt_mismatch: {
      status: 401,
      mayBeGenuine: true,
      says: 'the token’s signature does not match any live key',
      asks: 'was the secret or the key rotated?',
      fix: 'Put what the token is checked with now – the shared secret, or the sender’s public key – into `<setting>` and the one before it into `<setting>_PREVIOUS`, or both into its file; what was refused is then judged again. `npm run secret -- rotate <source>` leads through it.',
    },
    jwt_time: {
      status: 401,
      mayBeGenuine: true,
      says: 'the token’s times (iat, exp, nbf) do not hold on our clock',
      asks: 'is the clock of this machine right?',
      fix: 'Let it follow a time server: `timedatectl` says whether it does. The sender must sign at the moment of sending.',
    },
    jwt_body: {
      status: 401,
      mayBeGenuine: true,
      says: 'the body is not what the token’s claims say',
      asks: 'does the sender send something else than it signs, or does a proxy rewrite bodies?',
      fix: 'Send exactly what was signed. Where a claim is the digest of the body, that is every byte. Where the claims are the body, numbers are compared as they are written: `1.0` is not `1`, and `1e3` is not `1000`; white space, escapes and the order of members are free, but a body of more than 8 times its claims and 4 kB is not parsed.',
    },
  },
} as const satisfies SecretRow;

/** `cut`: the member that is a credential and says nothing of the event. */
export function jwt(options: JwtOptions, cut?: string, form: JwtForm = BEARER): Verifier {
  const algorithm = JWT_ALGORITHMS[form.algorithm];
  const own = options.secrets.flatMap((secret) => readFormKeys({ algorithm }, secret));
  const loading = import('jose');
  return async function verifyJwt(head): Promise<Proof | BodyCheck> {
    const { token, protectedHeader, payload } = readToken(head, form);
    if (protectedHeader.get('alg') !== form.algorithm)
      throw new Rejection('jwt_algorithm', `the token’s algorithm is not ${form.algorithm}`);
    for (const name of ['crit', 'b64', 'zip', 'cty']) {
      if (protectedHeader.has(name))
        throw new Rejection('jwt_malformed', `the token’s header carries ${name}`);
    }
    const isFetched = form.key !== undefined && options.secrets.length === 0;
    const keys = isFetched ? await publishedKeys(protectedHeader, head, form, options) : own;
    const about = { ...options, form };
    const { fingerprint: secret } = await keyOfToken(token, keys, head.receivedAt, about, await loading);
    const claims = claimsIn(payload, form);
    const { binds } = form;
    if (binds === 'nothing') return { scheme: 'jwt', secret };
    return function verifyClaims(body): Proof {
      if (binds !== 'body') {
        if (claims.get(binds.digest) !== hash('sha256', body, binds.encoding))
          throw new Rejection('jwt_body');
        return { scheme: 'jwt', secret };
      }
      if (body.length > EXPLAINED.times * payload.length + EXPLAINED.moreBytes)
        throw new Rejection('jwt_body', 'the body is longer than its token can explain');
      if (!bodyMatches(body, claims)) throw new Rejection('jwt_body');
      return { scheme: 'jwt', secret, claims: digestOfContent(claims, cut) };
    };
  };
}

/** Signs the body as its datum says, with `iat`, as jsonwebtoken does. Returns the header's value. */
export async function signJwt(
  secret: string,
  body: Buffer,
  nowMs: number,
  form: JwtForm = BEARER,
): Promise<string> {
  const isShared = form.algorithm === 'HS256';
  if (!isShared && !secret.includes('PRIVATE KEY'))
    throw new TypeError('the provider alone has the key that signs; here is its public half');
  const key = isShared ? createSecretKey(secret, 'utf8') : createPrivateKey(secret);
  const seconds = Math.floor(nowMs / 1000);
  const payload = form.binds === 'body' ? bodyAsClaims(body, seconds) : claimsAbout(body, seconds, form);
  const { CompactSign } = await import('jose');
  const signer = new CompactSign(Buffer.from(payload)).setProtectedHeader({
    alg: form.algorithm,
    typ: 'JWT',
  });
  return `${form.word === undefined ? '' : `${form.word} `}${await signer.sign(key)}`;
}

function bodyAsClaims(body: Buffer, seconds: number): string {
  const text = body.toString('utf8', jsonStartOf(body));
  const claims = exactObject(text);
  if (!claims) throw new TypeError('only a JSON object can be signed as a JWT');
  const members = text.trim().slice(1);
  const comma = claims.size > 0 ? ',' : '';
  return claims.has('iat') ? text : `{"iat":${seconds}${comma}${members}`;
}

function claimsAbout(body: Buffer, seconds: number, form: JwtForm): string {
  const made = requiredClaims(form).map((name) => [name, name === 'iat' ? seconds : 'made-up']);
  const { binds } = form;
  if (typeof binds === 'object') made.push([binds.digest, hash('sha256', body, binds.encoding)]);
  return JSON.stringify(Object.fromEntries(made));
}
