/** The night's own signer makes what openssl makes. */
import { expect, test } from 'vitest';
import { opensslMac } from '../harness/signing.ts';
import { signedHeaders } from './signing.ts';

const SECRET = 'of-the-night-0123456789abcdef';
const BODY = '{"event":"track_updated","data":{}}';

test('each provider’s headers', () => {
  const hex = opensslMac(SECRET, BODY).toString('hex');
  const timed = opensslMac(SECRET, `1688493073.${BODY}`).toString('hex');
  const made = (source: Parameters<typeof signedHeaders>[0]) =>
    signedHeaders(source, SECRET, BODY, 1_688_493_073_999);
  expect(made('flexport')).toEqual({ 'X-Hub-Signature-256': `sha256=${hex}` });
  expect(made('flatfile')).toEqual({ 'X-Hub-Signature': `sha256=${hex}` });
  expect(made('shippo')).toEqual({ 'Shippo-Auth-Signature': `t=1688493073,v1=${timed}` });
  expect(made('flintn')).toEqual({ 'X-Signature-Primary': opensslMac(SECRET, BODY).toString('base64') });
});
