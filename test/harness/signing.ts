/**
 * Signatures for tests: what the service verifies it must not have written itself. Deliveries are signed here by node:crypto, since a
 * process of openssl for each of a thousand costs many seconds; signing.test.ts holds that against what openssl makes.
 */
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import type { SignatureForm } from '../../src/verify/form/vocabulary.ts';

/** The MAC of bytes as openssl computes it. The key is visible in the process list, which tests may do and we may not. */
export function opensslMac(
  secret: string,
  bytes: Buffer | string,
  algorithm: 'sha256' | 'sha1' = 'sha256',
): Buffer {
  const key = Buffer.from(secret).toString('hex');
  return execFileSync(
    'openssl',
    ['dgst', `-${algorithm}`, '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'],
    {
      input: bytes,
    },
  );
}

function macOf(secret: string, bytes: Buffer | string, algorithm: 'sha256' | 'sha1' = 'sha256'): Buffer {
  return createHmac(algorithm, secret).update(bytes).digest();
}

export function flexportHeaders(secret: string, body: Buffer | string): Record<string, string> {
  return { 'X-Hub-Signature-256': `sha256=${macOf(secret, body).toString('hex')}` };
}

export function shippoHeaders(
  secret: string,
  body: Buffer | string,
  seconds = Math.floor(Date.now() / 1000),
) {
  const mac = macOf(secret, Buffer.concat([Buffer.from(`${seconds}.`), Buffer.from(body)]));
  return { 'Shippo-Auth-Signature': `t=${seconds},v1=${mac.toString('hex')}` };
}

export function flintnHeaders(secret: string, body: Buffer | string): Record<string, string> {
  return { 'X-Signature-Primary': macOf(secret, body).toString('base64') };
}

/** The header's value in any provider's form. */
export function signatureOf(form: SignatureForm, secret: string, body: string): string {
  const seconds = Math.floor(Date.now() / 1000);
  const isTimestamped = form.layout !== undefined;
  const signed = isTimestamped ? `${seconds}.${body}` : body;
  const algorithm = form.algorithm === 'hmac-sha1' ? 'sha1' : 'sha256';
  const mac = macOf(secret, signed, algorithm).toString(form.encoding);
  return isTimestamped ? `t=${seconds},v1=${mac}` : `${form.prefix ?? ''}${mac}`;
}

/** The name of the header in which a form has its signature. */
export function headerOf({ in: place }: SignatureForm): string {
  return 'header' in place ? place.header : '';
}

/** An HS256 token over exactly these header and payload texts. */
export function token(secret: string, payload: string, header = '{"alg":"HS256","typ":"JWT"}'): string {
  const signed = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${signed}.${macOf(secret, signed).toString('base64url')}`;
}
