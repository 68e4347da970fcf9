/**
 * The scheme `token`: the query has exactly one parameter `token`, and it equals a live token. Refuses with 401.
 *
 * Percent-encoding is decoded once; `+` stays a plus, since the user chooses the token and the provider sends it back
 * letter for letter.
 */
import { digestOf, fingerprintOf, indexOfDigest } from './fingerprint.ts';
import type { SecretRow, Signed } from './schemes.ts';
import { type Proof, Rejection, type Verifier } from './verifier.ts';

export const QUERY_TOKEN = {
  name: 'token',
  setting: 'WEBHOOK_TOKEN',
  holds: 'secrets',
  headersOf: () => [],
  doubts: (token) =>
    /[%#&]/.test(token)
      ? {
          wrong: 'has a character that means something in a URL (%, # or &)',
          fix: 'Take letters and digits, or write it percent-encoded in the URL at the provider.',
        }
      : undefined,
  build: ({ secrets }): Verifier => queryToken(secrets),
  sign: (token): Signed => ({ query: { token } }),
  rotation: {
    after: ['At the provider, replace what stands behind ?token= in the URL of the webhook.'],
    old: 'The old one works here as long as it is live here. Programs on the way log URLs: change tokens often.',
  },
  refusals: {
    token_missing: {
      status: 401,
      says: 'the token parameter is missing',
      asks: 'does the URL at the provider carry the token, or does a proxy take it away?',
      fix: 'Add `?token=…` to the URL at the provider.',
    },
    token_repeated: {
      status: 401,
      says: 'the token parameter is there more than once',
      asks: 'does the URL at the provider carry it twice?',
      fix: 'Leave one of them there.',
    },
    token_malformed: {
      status: 401,
      says: 'the query string cannot be decoded',
      asks: 'is the percent-encoding of the URL at the provider broken?',
      fix: 'Write the URL anew: in a token of letters and digits nothing needs encoding.',
    },
    token_mismatch: {
      status: 401,
      mayBeGenuine: true,
      says: 'the token matches no live token',
      asks: 'was the token changed?',
      fix: 'Put the one that the URL at the provider carries into `…_WEBHOOK_TOKEN` and the one before it into `…_WEBHOOK_TOKEN_PREVIOUS`, or both into its file; what was refused is then judged again. `npm run secret -- rotate <source>` leads through it.',
    },
  },
} as const satisfies SecretRow;

export function queryToken(tokens: readonly string[]): Verifier {
  const digests = tokens.map(digestOf);
  const proofs = tokens.map((token): Proof => ({ scheme: 'token', secret: fingerprintOf(token) }));
  return function verifyToken(head) {
    const proof = proofs[indexOfDigest(head.tokenDigest ?? digestOf(tokenIn(head.query)), digests)];
    if (!proof) throw new Rejection('token_mismatch');
    return proof;
  };
}

/** The digest of the one token in a query: all that is kept of a refused request's token. Undefined if there is not one. */
export function digestOfToken(query: string): Buffer | undefined {
  try {
    return digestOf(tokenIn(query));
  } catch {
    return undefined;
  }
}

function tokenIn(query: string): string {
  const tokens: string[] = [];
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    if (decode(name) === 'token') tokens.push(at < 0 ? '' : decode(pair.slice(at + 1)));
  }
  const [token, ...more] = tokens;
  if (more.length > 0) throw new Rejection('token_repeated');
  if (token === undefined) throw new Rejection('token_missing');
  return token;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Rejection('token_malformed');
  }
}
