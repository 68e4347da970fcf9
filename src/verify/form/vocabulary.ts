/**
 * The words in which one says how a provider signs. A form is data: presets and `custom` write it, reading.ts reads it at the start,
 * and verifier, signer, docs and `check` follow from it. What cannot be does not compile, as far as types can tell; the rest
 * (a misspelt placeholder, a time that nobody signs) is a problem at the start (flaws.ts).
 *
 *   { in: { header: 'X-Signature' }, prefix: 'sha256=', encoding: 'hex', algorithm: 'hmac-sha256', signed: '{time}.{body}', time: … }
 */
import type { ALGORITHMS } from './algorithms.ts';
import type { KEYINGS } from './key.ts';
import type { TIMES } from './value.ts';

/** Where the signature is. Members are paths with dots: `data.0.id`. */
export type Place =
  | { readonly header: string }
  /** Each may be made with another key, and may be there several times: it is enough that one is right. */
  | { readonly headers: readonly string[] }
  /** The headers `<series>1` to `<series><upTo>`. */
  | { readonly headerSeries: string; readonly upTo: number }
  | { readonly member: string }
  /** Of a body as HTML forms send it. */
  | { readonly field: string };

/** How a value is laid out that has more in it than one signature. */
export type SignatureLayout =
  /** `t=1700000000,v1=<signature>`. `mac` names those that are signatures; what has another name is passed over. */
  | { readonly pairs: ',' | ';'; readonly mac: string }
  /** `v1,<signature> v1,<signature>`, with `mark` between the two. Without a `tag` any will do. */
  | { readonly list: ' ' | ',' | '&'; readonly tag?: string; readonly mark: ',' | '=' | '|' }
  /** Base64 of a JSON object, which has the signature in this member. */
  | { readonly json64: string };
type Pairs = Extract<SignatureLayout, { readonly pairs: string }>;

export const ENCODINGS = ['hex', 'base64', 'base64url'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export type Algorithm = keyof typeof ALGORITHMS;
export type MacAlgorithm = Extract<Algorithm, `hmac-${string}`>;
export type PublicAlgorithm = Exclude<Algorithm, MacAlgorithm | 'digest-sha256' | 'equal'>;

/** How the text of the setting becomes the key of an HMAC; `sha1` stands for the digest of it. */
export type SecretKeying = keyof typeof KEYINGS | { readonly base64After: string };

type Elsewhere = `header:${string}` | `member:${string}`;

/** A JWK Set that the provider publishes. `kid`: where a request names its key of the set; left out: any of them will do. */
export type PublishedSet = { readonly jwks: `https://${string}`; readonly kid?: Elsewhere };
/**
 * A certificate that the provider publishes; `certificate`: where a request has its address. It must be one of those `at` which the
 * provider's own are: `{region}` stands for a region of AWS, `{name}` for letters, digits and hyphens.
 */
type PublishedCertificate = { readonly certificate: Elsewhere; readonly at: readonly `https://${string}`[] };
/** Public keys that are fetched, over https and from these addresses alone, as long as the setting holds none. */
export type PublishedKey = PublishedSet | PublishedCertificate;

/** Where the time stands that a signature was made at. */
export interface SignedTime<From extends string> {
  readonly from: From;
  readonly unit: keyof typeof TIMES;
  /** The greatest distance from our clock, either way. Left out: the service's own. null: no matter how old it is. */
  readonly toleranceSeconds?: number | null;
}

/** The value: a whole one may have a prefix, and pairs may have the time in one of them. */
type ValueWords =
  | { readonly prefix?: string; readonly layout?: undefined; readonly time?: SignedTime<Elsewhere> }
  | Laid<Pairs, Elsewhere | `pair:${string}`>
  | Laid<Exclude<SignatureLayout, Pairs>, Elsewhere>;
interface Laid<As, From extends string> {
  readonly prefix?: undefined;
  readonly layout: As;
  readonly time?: SignedTime<From>;
}

interface MacWords {
  /** The body is bound by its SHA-256 in hex, which stands in this parameter of the signed URL. */
  readonly bodyDigest?: { readonly query: string };
  /** Whatever else stands in the body means nothing: copies are known by what is signed. */
  readonly signsAll?: true;
  /** What is signed is not like this: a handshake makes such signatures for everybody. */
  readonly unlike?: RegExp;
}
type Without<Words> = { readonly [Word in keyof Words]?: undefined };

/**
 * By a secret; by a digest of a text in which `{key}` stands; or by the provider's public key, which the setting holds as PEM, as
 * SPKI in base64, as a JWK or a JWK Set, or, of Ed25519, as its 32 bytes, or which is published.
 */
type Made =
  | (MacWords & { readonly algorithm: MacAlgorithm; readonly key?: SecretKeying })
  | (Without<MacWords> & { readonly algorithm: 'digest-sha256'; readonly key?: undefined })
  | (Without<MacWords> & { readonly algorithm: PublicAlgorithm; readonly key?: PublishedKey });

/** `signed`: a template of what is signed; its placeholders are the rows of parts.ts. */
type Signing = { readonly encoding: Encoding; readonly signed: string };
/** Nothing is signed: the value is the secret itself, or with `base64` that is what it says, as `Basic` has it. */
interface Comparing extends Without<MacWords & { key: 1; layout: 1; signed: 1; time: 1 }> {
  readonly algorithm: 'equal';
  readonly encoding?: 'base64';
  readonly prefix?: string;
}

/** A member of the body, and the text that it must have, or the setting in which that stands. */
type When = { readonly member: string; readonly is: string | { readonly setting: string } };

/** One way in which a provider signs. Some have several: a preset lists them in order of strength. */
export type SignatureForm = {
  readonly in: Place;
  /** Only bodies that say all of this are checked by the form. It needs a place inside the body. */
  readonly when?: readonly When[];
} & (Comparing | (ValueWords & Signing & Made));

/** The headers that a place names, in their order. */
export function placeHeaders(place: Place): readonly string[] {
  if ('headers' in place) return place.headers;
  if ('headerSeries' in place)
    return Array.from({ length: place.upTo }, (_, at) => `${place.headerSeries}${at + 1}`);
  return 'header' in place ? [place.header] : [];
}

/** The place in one word, for evidence and docs. */
export function placeName(place: Place): string {
  if ('member' in place) return `body.${place.member}`;
  return 'field' in place ? `body field ${place.field}` : (placeHeaders(place)[0] as string);
}

export function isAsymmetric({ algorithm }: Pick<SignatureForm, 'algorithm'>): boolean {
  return /^(ed25519$|ecdsa-|rsa-)/.test(algorithm);
}

export function isSha1({ algorithm }: Pick<SignatureForm, 'algorithm'>): boolean {
  return algorithm.endsWith('-sha1');
}

/** Undefined if the key is in the setting only. */
export function publishedKeyOf({ key }: Pick<SignatureForm, 'key'>): PublishedKey | undefined {
  return typeof key === 'object' && !('base64After' in key) ? key : undefined;
}
