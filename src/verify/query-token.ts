/**
 * The `token` scheme: exactly one `token` parameter in the query, equal to a live token. Refuses with 401.
 *
 * Percent-encoding is decoded once; `+` stays a plus, since a token is chosen by the user and sent back verbatim.
 */

import { digestOf, placeOf } from './equal.ts';
import { fingerprintOf } from './fingerprint.ts';
import { Rejection } from './refusals.ts';
import type { Proof, Verifier } from './verifier.ts';

export function queryToken(tokens: readonly string[]): Verifier {
  const digests = tokens.map(digestOf);
  const proofs = tokens.map((token): Proof => ({ scheme: 'token', secret: fingerprintOf(token) }));
  return function verifyToken(head) {
    const proof = proofs[placeOf(head.tokenDigest ?? digestOf(tokenIn(head.query)), digests)];
    if (!proof) throw new Rejection('token_mismatch');
    return proof;
  };
}

/** What is kept of a refused request's token; undefined if there is not exactly one. */
export function digestOfToken(query: string): Buffer | undefined {
  try {
    return digestOf(tokenIn(query));
  } catch {
    return undefined;
  }
}

function tokenIn(query: string): string {
  const [token, ...more] = tokensIn(query);
  if (more.length > 0) throw new Rejection('token_repeated');
  if (token === undefined) throw new Rejection('token_missing');
  return token;
}

function tokensIn(query: string): string[] {
  const tokens: string[] = [];
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    if (decode(name) === 'token') tokens.push(at < 0 ? '' : decode(pair.slice(at + 1)));
  }
  return tokens;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Rejection('token_malformed');
  }
}
