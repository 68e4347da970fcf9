/**
 * Makes keys of texts: those in the settings, as the forms say, and those that a provider publishes. A text that can be no such
 * key is a problem at the start, told without the text.
 *
 * An algorithm is the form's and never the key's: of a set only the keys of the form's kind are taken.
 */
import { createPublicKey, createSecretKey, hash, type KeyObject, X509Certificate } from 'node:crypto';
import { digestOf, fingerprintOf } from '../fingerprint.ts';
import { ALGORITHMS, type AlgorithmRow } from './algorithms.ts';
import { strictBytes } from './value.ts';
import { isAsymmetric, type SecretKeying, type SignatureForm } from './vocabulary.ts';

/** What a form is checked with. `text` is for what has a secret among the signed parts, or is compared with it. */
export interface FormKey {
  readonly object?: KeyObject;
  readonly text: string;
  readonly digest: Buffer;
  /** Of the text. */
  readonly fingerprint: string;
  /** As a JWK Set names it. */
  readonly kid?: string;
  /** The dates of a certificate, in milliseconds since 1970. */
  readonly validMs?: { readonly from: number; readonly to: number };
}
type PublicKey = Pick<FormKey, 'kid' | 'validMs'> & { readonly object: KeyObject };
type Keyed = Pick<SignatureForm, 'algorithm' | 'key'>;

/** DER of a raw Ed25519 key, less the key (RFC 8410). */
const ED25519_BEGIN = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_BYTES = 32;
const RSA_BITS_LEAST = 2_048;
/** So many of a set are read. */
const SET_MOST = 64;
/** Behind a certificate may stand those that signed it. */
const ARMOUR =
  /^-----BEGIN (PUBLIC KEY|CERTIFICATE)-----(.*?)-----END \1-----\s*(?:-----BEGIN CERTIFICATE-.*)?$/s;

/** How the text of the setting becomes the key of an HMAC. Undefined or empty if it is not written so. */
export const KEYINGS = {
  text: (text) => Buffer.from(text),
  nfkd: (text) => Buffer.from(text.normalize('NFKD')),
  hex: (text) => strictBytes(text, 'hex'),
  base64: (text) => strictBytes(text, 'base64'),
  sha1: (text) => hash('sha1', text, 'buffer'),
} satisfies Record<string, (text: string) => Buffer | undefined>;

/** None if the text can be no key of this form. Several if it is a set. */
export function readFormKeys({ algorithm, key = 'text' }: Keyed, text: string): FormKey[] {
  const common = { text, digest: digestOf(text), fingerprint: fingerprintOf(text) };
  const row: AlgorithmRow = ALGORITHMS[algorithm];
  if (row.key === 'text') return [common];
  if (row.key !== 'secret') return readPublicKeys(row, text).map((one) => ({ ...common, ...one }));
  const bytes = secretBytes(key as SecretKeying, text);
  return bytes?.length ? [{ ...common, object: createSecretKey(bytes) }] : [];
}

function secretBytes(key: SecretKeying, text: string): Buffer | undefined {
  if (typeof key === 'string') return KEYINGS[key](text);
  // Some dashboards show it without its beginning.
  const { base64After: word } = key;
  return strictBytes(text.startsWith(word) ? text.slice(word.length) : text, 'base64');
}

/** How a key of this form is written, for a problem: it reads after "is not". */
export function keyWords({ algorithm, key }: Keyed): string {
  if (isAsymmetric({ algorithm }))
    return `a public key for ${algorithm} (PEM, SPKI in base64, a JWK or a JWK Set, or 32 bytes of Ed25519)`;
  if (typeof key === 'object') return `${(key as { base64After: string }).base64After} and base64`;
  if (key === 'hex') return 'hexadecimal digits, two for each byte';
  return key === 'base64' ? key : 'a text';
}

/** Whether nothing but the provider can tell what a text is: 32 bytes without a word before them. */
export function isEither(text: string): boolean {
  return (strictBytes(text, 'base64') ?? strictBytes(text, 'hex'))?.length === ED25519_BYTES;
}

/** Whether a text looks like a public key rather than like a secret, for presets that have forms of both kinds. */
export function looksPublic(text: string): boolean {
  return /^(-----BEGIN |whpk_|\{.*"kty")/s.test(text) || spkiKeys(strictBytes(text, 'base64')).length > 0;
}

/** Those that are strong enough and of the algorithm's kind. */
function readPublicKeys({ key: kind, jwk }: AlgorithmRow, text: string): PublicKey[] {
  const found = text.startsWith('{') ? jwksIn(text, jwk) : publicKeysIn(text);
  return found.filter(({ object: { asymmetricKeyType: type, asymmetricKeyDetails: details } }) => {
    if (kind === 'ec' && details?.namedCurve !== 'prime256v1') return false;
    if (kind === 'rsa' && (details?.modulusLength ?? 0) < RSA_BITS_LEAST) return false;
    return type === kind;
  });
}

/** Of one JWK, or of a set. What is a secret, or for another use, is passed over. */
function jwksIn(text: string, algorithms: readonly unknown[] = []): PublicKey[] {
  const given = madeOf(() => JSON.parse(text))[0];
  const list: unknown[] = Array.isArray(given?.keys) ? given.keys.slice(0, SET_MOST) : [given];
  return list.flatMap((one) => {
    const { use = 'sig', alg, kid, d, ...key } = (one ?? {}) as Record<string, unknown>;
    if (use !== 'sig' || d !== undefined || (alg !== undefined && !algorithms.includes(alg))) return [];
    const named = typeof kid === 'string' && { kid };
    return madeOf(() => ({ object: createPublicKey({ key, format: 'jwk' }), ...named }));
  });
}

function publicKeysIn(text: string): PublicKey[] {
  const [, kind, inner = ''] = ARMOUR.exec(text) ?? [];
  if (kind !== undefined) {
    const der = strictBytes(inner.replace(/\s/g, ''), 'base64');
    return kind === 'CERTIFICATE' ? certifiedKeys(der) : spkiKeys(der);
  }
  const bare = text.replace(/^whpk_/, '');
  const raw = strictBytes(bare, 'hex') ?? strictBytes(bare, 'base64');
  return spkiKeys(raw?.length === ED25519_BYTES ? Buffer.concat([ED25519_BEGIN, raw]) : raw);
}

function spkiKeys(key: Buffer = Buffer.of()): PublicKey[] {
  return madeOf(() => ({ object: createPublicKey({ key, format: 'der', type: 'spki' }) }));
}

function certifiedKeys(der: Buffer = Buffer.of()): PublicKey[] {
  return madeOf(() => new X509Certificate(der)).map(({ publicKey, validFrom, validTo }) => {
    return { object: publicKey, validMs: { from: Date.parse(validFrom), to: Date.parse(validTo) } };
  });
}

/** In a list, or none if the text is no such thing. */
function madeOf<Made>(make: () => Made): Made[] {
  try {
    return [make()];
  } catch {
    return [];
  }
}
