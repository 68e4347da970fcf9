/**
 * Makes keys of texts: those in the settings, as the forms say, and those that a provider publishes. A text that can be no such
 * key is a problem at the start, told without the text.
 *
 * An algorithm is the form's and never the key's: of a set only the keys of the form's kind are taken.
 */
import { createHash, createPublicKey, createSecretKey, type KeyObject, X509Certificate } from 'node:crypto';
import { digestOf, fingerprintOf } from '../fingerprint.ts';
import { isAsymmetric, type PublicAlgorithm, type SecretKeying, type SignatureForm } from './vocabulary.ts';

/** What a form is checked with. `text` is for what has a secret among the signed parts, or is compared with it. */
export interface FormKey {
  readonly object: KeyObject | undefined;
  readonly text: string;
  readonly digest: Buffer;
  /** Of the text. */
  readonly fingerprint: string;
  /** As a JWK Set names it. */
  readonly kid?: string | undefined;
  /** The dates of a certificate, in milliseconds since 1970. */
  readonly validMs?: { readonly from: number; readonly to: number };
}

type PublicKey = Pick<FormKey, 'kid' | 'validMs'> & { readonly object: KeyObject };

/** DER of a raw Ed25519 key, less the key (RFC 8410). */
const ED25519_BEGIN = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_BYTES = 32;
const RSA_BITS_LEAST = 2_048;
/** So many of a set are read. */
const SET_MOST = 64;
/** Behind a certificate may stand those that signed it. */
const ARMOUR =
  /^-----BEGIN (PUBLIC KEY|CERTIFICATE)-----(.*?)-----END \1-----\s*(?:-----BEGIN CERTIFICATE-.*)?$/s;
/** The names that JWKs have for algorithms. */
const JWK_ALGORITHMS = { ed25519: ['EdDSA', 'Ed25519'], 'ecdsa-sha256': ['ES256'], 'rsa-sha256': ['RS256'] };

/** None if the text can be no key of this form. Several if it is a set. */
export function readFormKeys(form: Pick<SignatureForm, 'algorithm' | 'key'>, text: string): FormKey[] {
  const keys: readonly Partial<PublicKey>[] = isAsymmetric(form)
    ? readPublicKeys(form.algorithm as PublicAlgorithm, text)
    : readSecretKey(form, text);
  if (keys.length === 0) return [];
  const common = { text, digest: digestOf(text), fingerprint: fingerprintOf(text) };
  return keys.map(({ object, ...more }) => ({ object, ...common, ...more }));
}

/** How a key of this form is written, for a problem: it reads after "is not". */
export function keyWords(form: Pick<SignatureForm, 'algorithm' | 'key'>): string {
  if (isAsymmetric(form))
    return `a public key for ${form.algorithm} (PEM, SPKI in base64, a JWK or a JWK Set, or 32 bytes of Ed25519)`;
  const keying = (form.key ?? 'text') as SecretKeying;
  if (typeof keying !== 'string') return `${keying.base64After} and base64`;
  return keying === 'hex'
    ? 'hexadecimal digits, two for each byte'
    : keying === 'base64'
      ? 'base64'
      : 'a text';
}

/** Whether a text looks like a public key rather than like a secret, for presets that have forms of both kinds. */
export function looksPublic(text: string): boolean {
  return /^(-----BEGIN |whpk_|\{.*"kty")/s.test(text) || spkiKeys(strictBytes(text, 'base64')).length > 0;
}

function readSecretKey(
  { algorithm, key = 'text' }: Pick<SignatureForm, 'algorithm' | 'key'>,
  text: string,
): Partial<PublicKey>[] {
  if (!algorithm.startsWith('hmac-')) return [{}];
  const bytes = secretBytes(key as SecretKeying, text);
  return bytes === undefined || bytes.length === 0 ? [] : [{ object: createSecretKey(bytes) }];
}

function secretBytes(key: SecretKeying, text: string): Buffer | undefined {
  if (typeof key !== 'string') {
    // Some dashboards show it without its beginning.
    return strictBytes(
      text.startsWith(key.base64After) ? text.slice(key.base64After.length) : text,
      'base64',
    );
  }
  if (key === 'hex' || key === 'base64') return strictBytes(text, key);
  if (key === 'sha1') return createHash('sha1').update(text).digest();
  return Buffer.from(key === 'nfkd' ? text.normalize('NFKD') : text);
}

/** Node skips what is not of the encoding; only the exact text may pass. */
function strictBytes(text: string, encoding: 'hex' | 'base64'): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === (encoding === 'hex' ? text.toLowerCase() : text) ? bytes : undefined;
}

/** Those that are strong enough and of the algorithm's kind. */
function readPublicKeys(algorithm: PublicAlgorithm, text: string): PublicKey[] {
  const found = text.startsWith('{') ? jwksIn(text, algorithm) : publicKeysIn(text);
  return found.filter(({ object: { asymmetricKeyType: type, asymmetricKeyDetails: details } }) => {
    if (algorithm === 'ed25519') return type === 'ed25519';
    if (algorithm.startsWith('ecdsa-')) return type === 'ec' && details?.namedCurve === 'prime256v1';
    return type === 'rsa' && (details?.modulusLength ?? 0) >= RSA_BITS_LEAST;
  });
}

/** Of one JWK, or of a set. What is a secret, or for another use, is passed over. */
function jwksIn(text: string, algorithm: PublicAlgorithm): PublicKey[] {
  const given = madeOf(() => JSON.parse(text))[0];
  const list: unknown[] = Array.isArray(given?.keys) ? given.keys.slice(0, SET_MOST) : [given];
  return list.flatMap((one) => {
    const { use = 'sig', alg, kid, d, ...jwk } = (one ?? {}) as Record<string, unknown>;
    const names: readonly unknown[] = (JWK_ALGORITHMS as Record<string, string[]>)[algorithm] ?? [];
    if (use !== 'sig' || d !== undefined || (alg !== undefined && !names.includes(alg))) return [];
    const name = typeof kid === 'string' ? kid : undefined;
    return madeOf(() => createPublicKey({ key: jwk, format: 'jwk' })).map((object) => ({
      object,
      kid: name,
    }));
  });
}

function publicKeysIn(text: string): PublicKey[] {
  const [, kind, inner] = ARMOUR.exec(text) ?? [];
  if (kind !== undefined) {
    const der = strictBytes((inner as string).replace(/\s/g, ''), 'base64');
    return kind === 'CERTIFICATE' ? certifiedKeys(der) : spkiKeys(der);
  }
  const bare = text.replace(/^whpk_/, '');
  const raw = strictBytes(bare, 'hex') ?? strictBytes(bare, 'base64');
  return spkiKeys(raw?.length === ED25519_BYTES ? Buffer.concat([ED25519_BEGIN, raw]) : raw);
}

function spkiKeys(der: Buffer | undefined): PublicKey[] {
  const objects = madeOf(() => der && createPublicKey({ key: der, format: 'der', type: 'spki' }));
  return objects.map((object) => ({ object }));
}

function certifiedKeys(der: Buffer | undefined): PublicKey[] {
  return madeOf(() => der && new X509Certificate(der)).map(({ publicKey, validFrom, validTo }) => {
    return { object: publicKey, validMs: { from: Date.parse(validFrom), to: Date.parse(validTo) } };
  });
}

/** In a list, or none if the text is no such thing. */
function madeOf<Made>(make: () => Made | undefined): Made[] {
  try {
    return [make() ?? []].flat() as Made[];
  } catch {
    return [];
  }
}
