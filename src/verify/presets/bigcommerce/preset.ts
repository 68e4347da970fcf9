/** BigCommerce. */
import { custom } from '../../custom.ts';

export const bigcommerce = custom({
  name: 'bigcommerce',
  title: 'BigCommerce',
  forms: [
    {
      in: { header: 'webhook-signature' },
      layout: { list: ' ', tag: 'v1', mark: ',' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{header:webhook-id}.{time}.{body}',
      time: { from: 'header:webhook-timestamp', unit: 's' },
    },
  ],
  id: [{ header: 'webhook-id' }],
  type: [['scope']],
  state: {
    of: [
      {
        by: [
          ['data', 'type'],
          ['data', 'id'],
        ],
      },
    ],
    at: [{ path: ['created_at'] }],
  },
  keys: { object: [['data', 'id']], order: [['data', 'orderId']] },
  retries: { after: 'anything', forMs: 173_040_000, afterwards: 'switches the webhook off' },
  sample: 'order-created',
  setUp: [
    'BigCommerce’s webhooks are made by its API (POST /v3/hooks), with the URL of this source, on port 443, as `destination`.',
    'It signs with the client secret of the app whose token made the webhook: put that into BIGCOMMERCE_WEBHOOK_SECRET.',
  ],
  known: { from: 'bigcommerce/docs docs/integrations/webhooks/https-webhook-overview.mdx', asOf: '2026-11' },
  shownBy: 'same form as standard-webhooks',
});
