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
  keys: { charge: [['event', 'data', 'code']] },
  retries: { after: 'anything', forMs: 259_200_000 },
  sample: 'charge-created',
  setUp: [
    'At commerce.coinbase.com, under Settings, Notifications, Webhook subscriptions, add the URL of this source as an endpoint.',
    'Show shared secret, on the same page, gives what goes into COINBASE_COMMERCE_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'coinbase/coinbase-commerce-node test/testWebhook.spec.js; docs.cdp.coinbase.com; hookdeck/webhook-skills skills/coinbase-commerce-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
