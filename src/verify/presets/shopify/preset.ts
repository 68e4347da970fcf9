/** Shopify. */
import { custom } from '../../custom.ts';

export const shopify = custom({
  name: 'shopify',
  title: 'Shopify',
  forms: [
    {
      in: { header: 'X-Shopify-Hmac-Sha256' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [{ header: 'X-Shopify-Event-Id' }, { header: 'X-Shopify-Webhook-Id' }],
  type: [{ header: 'X-Shopify-Topic' }],
  sample: 'orders-paid',
  setUp: [
    'At Shopify, add the URL of this source as a webhook, and put the secret that it signs with into SHOPIFY_WEBHOOK_SECRET.',
  ],
  known: { from: 'Shopify/shopify-api-js packages/shopify-api/lib/webhooks', asOf: '2026-11' },
  shownBy: 'vector',
});
