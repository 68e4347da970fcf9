/** ShipHero. */
import { custom } from '../../custom.ts';

export const shiphero = custom({
  name: 'shiphero',
  title: 'ShipHero',
  forms: [
    {
      in: { header: 'x-shiphero-hmac-sha256' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [{ header: 'X-Shiphero-Message-ID' }],
  type: [['webhook_type']],
  keys: { order: [['fulfillment', 'order_number']], sku: [['inventory', '*', 'sku']] },
  replyWithinMs: 8_000,
  retries: { after: 'anything', waitsMs: 10_000 },
  sample: 'shipment-update',
  answer: { json: { code: '200', Status: 'Success' } },
  setUp: [
    'ShipHero’s webhooks are made by its API: call the mutation webhook_create with the URL of this source, once for each kind of event.',
    'It answers with a shared_signature_secret, once: put that into SHIPHERO_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'public code; copies of developer.shiphero.com; developer.shiphero.com/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as shopify',
});
