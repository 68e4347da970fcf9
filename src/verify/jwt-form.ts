/**
 * How a provider proves itself by a JWT, as data: presets and `custom` write it, jwt.ts checks by it. What is not said by a type is a
 * flaw, which the configuration lists at the start.
 */
import { publishedFlaws } from './form/flaws.ts';
import type { PublishedSet } from './form/vocabulary.ts';

/** Where a provider's JWT stands, what has signed it, and what it says of the body: `jwt` of a preset. */
export interface JwtForm {
  /** The header that the token is in, as in `Authorization`; it may be there only once. */
  readonly header: string;
  /** Stands before the token, in letters of any case. Left out: nothing does. */
  readonly word?: string;
  /** The only one that is taken, whatever the token says. */
  readonly algorithm: 'HS256' | 'RS256' | 'ES256';
  /** What a token says of the body: all of it in its claims, the SHA-256 of its bytes in one claim, or nothing. */
  readonly binds: 'body' | 'nothing' | { readonly digest: string; readonly encoding: DigestEncoding };
  /** Claims that must be there. With `iat` among them a token is good as long as any signed time is. Left out: `iat`. */
  readonly required?: readonly string[];
  /** Where the keys are if the setting holds none; the token's own header names one of the set. Not for HS256. */
  readonly key?: Pick<PublishedSet, 'jwks'>;
}

type DigestEncoding = 'hex' | 'base64' | 'base64url';

/** Of sources whose preset says nothing else: that is what Flatfile suggests. */
export const BEARER = {
  header: 'Authorization',
  word: 'Bearer',
  algorithm: 'HS256',
  binds: 'body',
} as const satisfies JwtForm;

/** The same algorithms in the words of the other forms. */
export const JWT_ALGORITHMS = { HS256: 'hmac-sha256', RS256: 'rsa-sha256', ES256: 'ecdsa-sha256' } as const;

export function requiredClaims({ required = ['iat'] }: JwtForm): readonly string[] {
  return required;
}

/** `` `X-Signature: Bearer <JWT, HS256>` ``, in the words of docs/providers.md. */
export function sayJwt({ header, word, algorithm }: JwtForm): string {
  return `\`${header}: ${word === undefined ? '' : `${word} `}<JWT, ${algorithm}>\``;
}

/** What a good token says about a delivery. */
export function jwtProves({ binds }: JwtForm): 'the content' | 'the sender only' {
  return binds === 'nothing' ? 'the sender only' : 'the content';
}

/** Each reads after `jwt`. */
export function jwtFlaws(given: unknown): string[] {
  const { header, word, algorithm, binds, required = [], key } = (given ?? {}) as Partial<JwtForm>;
  const isDigest = typeof binds === 'object' && isName(binds?.digest) && isEncoding(binds?.encoding);
  const isKeyed = key !== undefined && algorithm !== 'HS256';
  return [
    ...(isName(header) ? [] : ["does not say in which header the token is: header: 'Authorization'"]),
    ...(word === undefined || /^[\w-]+$/.test(String(word)) ? [] : ["has a word that is not like 'Bearer'"]),
    ...(Object.hasOwn(JWT_ALGORITHMS, String(algorithm))
      ? []
      : [`has an algorithm that is none of ${Object.keys(JWT_ALGORITHMS).join(', ')}`]),
    ...(binds === 'body' || binds === 'nothing' || isDigest
      ? []
      : ["binds none of 'body', 'nothing', { digest: 'request_body_sha256', encoding: 'hex' }"]),
    ...(Array.isArray(required) && required.every(isName) ? [] : ['requires something else than claims']),
    ...(isKeyed ? publishedFlaws(key) : []),
    ...(key !== undefined && !isKeyed ? ['has a key, but of HS256 it is the text of the setting'] : []),
  ];
}

function isName(given: unknown): boolean {
  return typeof given === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(given);
}

function isEncoding(given: unknown): given is DigestEncoding {
  return ['hex', 'base64', 'base64url'].includes(given as string);
}
