/**
 * Makes keys of the texts in the settings, as the forms say. A text that can be no such key is a problem at the start, told
 * without the text.
 */
import { createHash, createPublicKey, createSecretKey, type KeyObject, X509Certificate } from 'node:crypto';
import { digestOf } from '../fingerprint.ts';
import { isAsymmetric, type SecretKeying, type SignatureForm } from './vocabulary.ts';

/** What a form is checked with. `text` is for what has a secret among the signed parts, or is compared with it. */
export interface FormKey {
  readonly object: KeyObject | undefined;
  readonly text: string;
  readonly digest: Buffer;
}

/** DER of a raw Ed25519 key, less the key (RFC 8410). */
const ED25519_BEGIN = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_BYTES = 32;
const RSA_BITS_LEAST = 2_048;
const ARMOUR = /^-----BEGIN (PUBLIC KEY|CERTIFICATE)-----(.*)-----END \1-----$/s;

/** Undefined if the text can be no key of this form. */
export function readFormKey(form: SignatureForm, text: string): FormKey | undefined {
  const object = isAsymmetric(form) ? readPublicKey(form, text) : readSecretKey(form, text);
  return object === undefined ? undefined : { object: object ?? undefined, text, digest: digestOf(text) };
}

/** How a key of this form is written, for a problem: it reads after "is not". */
export function keyWords(form: SignatureForm): string {
  if (isAsymmetric(form))
    return `a public key for ${form.algorithm} (PEM, SPKI in base64, or 32 bytes of Ed25519)`;
  const keying = form.key ?? 'text';
  if (typeof keying !== 'string') return `${keying.base64After} and base64`;
  return keying === 'hex'
    ? 'hexadecimal digits, two for each byte'
    : keying === 'base64'
      ? 'base64'
      : 'a text';
}

/** Whether a text looks like a public key rather than like a secret, for presets that have forms of both kinds. */
export function looksPublic(text: string): boolean {
  return /^(-----BEGIN |whpk_)/.test(text) || spkiKey(strictBytes(text, 'base64')) !== undefined;
}

/** null: the form needs no key object. */
function readSecretKey(
  { algorithm, key = 'text' }: SignatureForm,
  text: string,
): KeyObject | null | undefined {
  if (!algorithm.startsWith('hmac-')) return null;
  const bytes = secretBytes(key, text);
  return bytes === undefined || bytes.length === 0 ? undefined : createSecretKey(bytes);
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

function readPublicKey({ algorithm }: SignatureForm, text: string): KeyObject | undefined {
  const key = publicKeyIn(text);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key ?? {};
  const isIts = {
    ed25519: type === 'ed25519',
    'ecdsa-sha256': type === 'ec' && details?.namedCurve === 'prime256v1',
    'rsa-sha256': type === 'rsa' && (details?.modulusLength ?? 0) >= RSA_BITS_LEAST,
  }[algorithm as 'ed25519'];
  return isIts ? key : undefined;
}

function publicKeyIn(text: string): KeyObject | undefined {
  const [, kind, inner] = ARMOUR.exec(text) ?? [];
  if (kind !== undefined) {
    const der = strictBytes((inner as string).replace(/\s/g, ''), 'base64');
    return kind === 'CERTIFICATE' ? certifiedKey(der) : spkiKey(der);
  }
  const bare = text.replace(/^whpk_/, '');
  const raw = strictBytes(bare, 'hex') ?? strictBytes(bare, 'base64');
  return spkiKey(raw?.length === ED25519_BYTES ? Buffer.concat([ED25519_BEGIN, raw]) : raw);
}

function spkiKey(der: Buffer | undefined): KeyObject | undefined {
  try {
    return der && createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function certifiedKey(der: Buffer | undefined): KeyObject | undefined {
  try {
    return der && new X509Certificate(der).publicKey;
  } catch {
    return undefined;
  }
}
