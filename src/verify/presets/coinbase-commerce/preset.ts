/** Coinbase Commerce. */
import { custom } from '../../custom.ts';

export const coinbaseCommerce = custom({
  name: 'coinbase-commerce',
  title: 'Coinbase Commerce',
  forms: [
    { in: { header: 'X-CC-Webhook-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [['event', 'id']],
  type: [['event', 'type']],
  sample: 'charge-created',
  setUp: [
    'At Coinbase Commerce, add the URL of this source as a webhook, and put the secret that it signs with into COINBASE_COMMERCE_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'coinbase/coinbase-commerce-node test/testWebhook.spec.js; docs.cdp.coinbase.com',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
