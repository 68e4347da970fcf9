/** Sanity. */
import { custom } from '../../custom.ts';

export const sanity = custom({
  name: 'sanity',
  title: 'Sanity',
  forms: [
    {
      in: { header: 'sanity-webhook-signature' },
      layout: { pairs: ',', mac: 'v1' },
      encoding: 'base64url',
      algorithm: 'hmac-sha256',
      signed: '{time}.{body}',
      time: { from: 'pair:t', unit: 'ms', toleranceSeconds: null },
    },
  ],
  id: [{ header: 'idempotency-key' }],
  type: [],
  sample: 'document',
  setUp: [
    'At Sanity, add the URL of this source as a webhook, and put the secret that it signs with into SANITY_WEBHOOK_SECRET.',
  ],
  known: { from: 'sanity-io/webhook-toolkit test/signature.test.ts', asOf: '2026-11' },
  shownBy: 'vector',
});
