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
  keys: { document: [['_id']] },
  sample: 'document',
  setUp: [
    'At sanity.io/manage, open the project and add under API, Webhooks, one with the URL of this source and a secret of your own making.',
    'Put that into SANITY_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'sanity-io/webhook-toolkit test/signature.test.ts; sanity.io/docs/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
