/**
 * How the four providers sign, written down from their own pages and not from ours: what the service verifies it must not have
 * signed itself. test/night/signing.test.ts holds it against what openssl makes.
 */
import { createHmac } from 'node:crypto';

export type SourceName = 'flexport' | 'shippo' | 'flintn' | 'flatfile';

const mac = (secret: string, bytes: string) => createHmac('sha256', secret).update(bytes);

/** The headers of one delivery, signed at that moment. */
export function signedHeaders(
  source: SourceName,
  secret: string,
  body: string,
  now: number,
): Record<string, string> {
  const seconds = Math.floor(now / 1_000);
  const timed = `${seconds}.${body}`;
  return {
    flexport: () => ({ 'X-Hub-Signature-256': `sha256=${mac(secret, body).digest('hex')}` }),
    shippo: () => ({ 'Shippo-Auth-Signature': `t=${seconds},v1=${mac(secret, timed).digest('hex')}` }),
    flintn: () => ({ 'X-Signature-Primary': mac(secret, body).digest('base64') }),
    flatfile: () => ({ 'X-Hub-Signature': `sha256=${mac(secret, body).digest('hex')}` }),
  }[source]();
}
