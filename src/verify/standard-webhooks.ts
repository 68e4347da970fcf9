/**
 * Signs as Standard Webhooks has it, for `forward` and for alarms: there we are the sender.
 *
 *   secret   whsec_<base64 of 24 to 64 bytes>
 *   MAC      HMAC-SHA256 over   <id>.<unix seconds>.<body>
 *   header   webhook-signature: v1,<base64 MAC>      one for each live secret, with spaces between
 *
 * The body is signed as bytes, never as text. Secrets in any other form are refused: receivers could not read them.
 * Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const PREFIX = 'whsec_';
const KEY_BYTES_LEAST = 24;
const KEY_BYTES_MOST = 64;

/** The problem of a setting; its name goes before. */
export const NO_SIGNING_KEY = `is not ${PREFIX} and ${KEY_BYTES_LEAST} to ${KEY_BYTES_MOST} bytes in base64`;

/** The key in a secret, or undefined if the secret is not exactly of the form above. */
export function readSigningKey(secret: string): KeyObject | undefined {
  if (!secret.startsWith(PREFIX)) return undefined;
  const text = secret.slice(PREFIX.length);
  const bytes = Buffer.from(text, 'base64');
  // Node skips what is not base64; only the exact text may pass.
  if (bytes.toString('base64') !== text) return undefined;
  if (bytes.length < KEY_BYTES_LEAST || bytes.length > KEY_BYTES_MOST) return undefined;
  return createSecretKey(bytes);
}

/** The value of `webhook-signature`. */
export function signStandard(keys: readonly KeyObject[], id: string, seconds: number, body: Buffer): string {
  const signatures = keys.map((key) => {
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64')}`;
  });
  return signatures.join(' ');
}
