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
  sample: 'order-created',
  setUp: [
    'At BigCommerce, add the URL of this source as a webhook, and put the secret that it signs with into BIGCOMMERCE_WEBHOOK_SECRET.',
  ],
  known: { from: 'bigcommerce/docs docs/integrations/webhooks/https-webhook-overview.mdx', asOf: '2026-11' },
  shownBy: 'same form as standard-webhooks',
});
