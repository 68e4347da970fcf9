/**
 * The `token` scheme: exactly one `token` parameter in the query, equal to a live token. Refuses with 401.
 *
 * Percent-encoding is decoded once; `+` stays a plus, since a token is chosen by the user and sent back verbatim.
 */
import { Rejection } from '../errors.ts';
import type { Verifier } from '../types.ts';
import { digestOf, equalsAny } from './equal.ts';

export function queryToken(tokens: readonly string[]): Verifier {
  const digests = tokens.map(digestOf);
  return function verifyToken(head) {
    const given = tokensIn(head.query);
    if (given.length > 1) throw new Rejection('token_repeated');
    const [token] = given;
    if (token === undefined) throw new Rejection('token_missing');
    if (!equalsAny(token, digests)) throw new Rejection('token_mismatch');
  };
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
