/** Shopify. */
import { custom } from '../../custom.ts';

/** Its webhooks for `events`, and others to come, have the same headers without `X-`. */
const shopifyForm = (header: string) =>
  ({ in: { header }, encoding: 'base64', algorithm: 'hmac-sha256', signed: '{body}' }) as const;

export const shopify = custom({
  name: 'shopify',
  title: 'Shopify',
  forms: [shopifyForm('X-Shopify-Hmac-Sha256'), shopifyForm('Shopify-Hmac-Sha256')],
  id: [
    { header: 'X-Shopify-Event-Id' },
    { header: 'Shopify-Event-Id' },
    { header: 'X-Shopify-Webhook-Id' },
    { header: 'Shopify-Webhook-Id' },
  ],
  type: [{ header: 'X-Shopify-Topic' }, { header: 'Shopify-Topic' }],
  state: { of: [{ by: [['admin_graphql_api_id']] }], at: [{ path: ['updated_at'] }] },
  keys: {
    order: [['name'], ['order_id']],
    resource: [['admin_graphql_api_id']],
    tracking: [
      ['tracking_numbers', '*'],
      ['fulfillments', '*', 'tracking_numbers', '*'],
    ],
  },
  replyWithinMs: 4_000,
  retries: { after: 'anything', forMs: 14_400_000, waitsMs: 5_000, afterwards: 'removes the subscription' },
  sample: 'orders-paid',
  sampleType: 'orders/paid',
  setUp: [
    'For an app, subscribe with the URL of this source by the Admin API (webhookSubscriptionCreate); for one shop, under Settings, Notifications, Webhooks.',
    'An app’s webhooks are signed with its client secret, under Client credentials: put that into SHOPIFY_WEBHOOK_SECRET.',
  ],
  rotation: {
    hmac: {
      before: ['In the settings of the app at Shopify, rotate the client secret.'],
      after: [],
      old: 'Shopify may sign with the old one for an hour more.',
    },
  },
  known: {
    from: 'Shopify/shopify-api-js packages/shopify-api/lib/webhooks; Shopify/shopify-api-ruby 16.2.0 lib/shopify_api/webhooks/request.rb; shopify.dev changelog of 2024-09-10; hookdeck/webhook-skills skills/shopify-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
