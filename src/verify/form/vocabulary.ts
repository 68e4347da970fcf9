/**
 * The words in which one says how a provider signs. A form is data: presets and `custom` write it, reading.ts reads it at the start,
 * and verifier, signer, docs and `check` follow from it. What cannot be does not compile, as far as types can tell; the rest
 * (a misspelt placeholder, a time that nobody signs) is a problem at the start.
 *
 *   { in: { header: 'X-Signature' }, prefix: 'sha256=', encoding: 'hex', algorithm: 'hmac-sha256', signed: '{time}.{body}', time: … }
 */

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

/** `t=1700000000,v1=<signature>`. What has another name is passed over. */
export interface PairsLayout {
  readonly pairs: ',' | ';';
  /** The name of those that are signatures. */
  readonly mac: string;
}

/** `v1,<signature> v1,<signature>`. Without a `tag` any will do. */
export interface ListLayout {
  readonly list: ' ' | ',' | '&';
  readonly tag?: string;
  /** What stands between the tag and its signature. */
  readonly mark: ',' | '=' | '|';
}

/** Base64 of a JSON object, which has the signature in this member. */
export interface JsonLayout {
  readonly json64: string;
}

export type Encoding = 'hex' | 'base64' | 'base64url';

/** How the text of the setting becomes the key of an HMAC; `sha1` stands for the digest of it. */
export type SecretKeying = 'text' | 'nfkd' | 'hex' | 'base64' | 'sha1' | { readonly base64After: string };

/** Where the time stands that a signature was made at. */
export interface SignedTime<From extends string> {
  readonly from: From;
  readonly unit: 's' | 'ms' | 'date';
  /** The greatest distance from our clock, either way. Left out: the service's own. null: no matter how old it is. */
  readonly toleranceSeconds?: number | null;
}

type Elsewhere = `header:${string}` | `member:${string}`;

/** A JWK Set that the provider publishes. */
export interface PublishedSet {
  readonly jwks: `https://${string}`;
  /** Where a request names its key of the set, by its `kid`. Left out: any key of the set will do. */
  readonly kid?: Elsewhere;
}
/** A certificate that the provider publishes, under an address that a request names. */
export interface PublishedCertificate {
  /** Where a request has that address. */
  readonly certificate: Elsewhere;
  /** The addresses that are the provider's own. `{region}` stands for a region of AWS, `{name}` for letters, digits and hyphens. */
  readonly at: readonly `https://${string}`[];
}
/** Public keys that are fetched, over https and from these addresses alone, as long as the setting holds none. */
export type PublishedKey = PublishedSet | PublishedCertificate;

interface Whole {
  readonly prefix?: string;
  readonly layout?: undefined;
  readonly time?: SignedTime<Elsewhere>;
}
interface AsPairs {
  readonly prefix?: undefined;
  readonly layout: PairsLayout;
  readonly time?: SignedTime<Elsewhere | `pair:${string}`>;
}
interface AsList {
  readonly prefix?: undefined;
  readonly layout: ListLayout | JsonLayout;
  readonly time?: SignedTime<Elsewhere>;
}

export type MacAlgorithm = 'hmac-sha256' | 'hmac-sha1' | 'hmac-sha512';
export type PublicAlgorithm = 'ed25519' | 'ecdsa-sha256' | 'ecdsa-sha1' | 'rsa-sha256' | 'rsa-sha1';

interface ByMac {
  readonly algorithm: MacAlgorithm;
  /** Left out: `text`. */
  readonly key?: SecretKeying;
  readonly encoding: Encoding;
  /** A template of what is signed; its placeholders are the rows of parts.ts. */
  readonly signed: string;
  /** The body is bound by its SHA-256 in hex, which stands in this parameter of the signed URL. */
  readonly bodyDigest?: { readonly query: string };
  /** Whatever else stands in the body means nothing: copies are known by what is signed. */
  readonly signsAll?: true;
  /** What is signed is not like this: a handshake makes such signatures for everybody. */
  readonly unlike?: RegExp;
}
/** No HMAC: a digest of a text in which `{key}` stands. */
interface ByDigest {
  readonly algorithm: 'digest-sha256';
  readonly key?: undefined;
  readonly encoding: Encoding;
  readonly signed: string;
}
/** The setting holds the provider's public key: as PEM, as SPKI in base64, as a JWK or a JWK Set, or, of Ed25519, its 32 bytes. */
interface ByPublicKey {
  readonly algorithm: PublicAlgorithm;
  /** Where the key is if the setting holds none. */
  readonly key?: PublishedKey;
  readonly encoding: Encoding;
  readonly signed: string;
}
/** Nothing is signed: the value is the secret itself, or with `base64` that is what it says, as `Basic` has it. */
interface ByEquality {
  readonly algorithm: 'equal';
  readonly key?: undefined;
  readonly encoding?: 'base64';
  readonly signed?: undefined;
  readonly prefix?: string;
  readonly layout?: undefined;
  readonly time?: undefined;
}

/** A member of the body, and the text that it must have, or the setting in which that stands. */
export interface When {
  readonly member: string;
  readonly is: string | { readonly setting: string };
}

/** One way in which a provider signs. Some have several: a preset lists them in order of strength. */
export type SignatureForm = {
  readonly in: Place;
  /** Only bodies that say all of this are checked by the form. It needs a place inside the body. */
  readonly when?: readonly When[];
} & (ByEquality | ((Whole | AsPairs | AsList) & (ByMac | ByDigest | ByPublicKey)));

export type Algorithm = SignatureForm['algorithm'];

/** The headers that a place names, in their order. */
export function placeHeaders(place: Place): readonly string[] {
  if ('header' in place) return [place.header];
  if ('headers' in place) return place.headers;
  if (!('headerSeries' in place)) return [];
  return Array.from({ length: place.upTo }, (_, at) => `${place.headerSeries}${at + 1}`);
}

/** The place in one word, for evidence and docs. */
export function placeName(place: Place): string {
  if ('member' in place) return `body.${place.member}`;
  return 'field' in place ? `body field ${place.field}` : (placeHeaders(place)[0] as string);
}

/** Names the algorithm in evidence, metrics and docs: an HMAC by its hash alone. */
export function algorithmName(algorithm: Algorithm): string {
  return algorithm.replace(/^hmac-/, '');
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

/** Where a request names its key; undefined if it does not. */
export function keyNamePlace(key: PublishedKey): Elsewhere | undefined {
  return 'jwks' in key ? key.kid : key.certificate;
}
