/**
 * The claims of a JWT, number by number: read, compared with a body, and digested. Part of jwt.ts; refuses nothing itself.
 */
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { type Exact, exactObject, jsonStartOf, sameExact, spell } from '../base/json-text.ts';

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
