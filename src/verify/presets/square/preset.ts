/** Square. */
import { custom } from '../../custom.ts';

export const square = custom({
  name: 'square',
  title: 'Square',
  forms: [
    {
      in: { header: 'x-square-hmacsha256-signature' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{url}{body}',
    },
  ],
  id: [['event_id']],
  type: [['type']],
  keys: { object: [['data', 'id']], merchant: [['merchant_id']] },
  retries: { after: 'anything', forMs: 86_400_000 },
  sample: 'payment-updated',
  setUp: [
    'In Square’s Developer Console, open the application and add the URL of this source under Webhooks, Subscriptions.',
    'The subscription shows its Signature Key, another one for the sandbox: put it into SQUARE_WEBHOOK_SECRET.',
    'It signs the URL: write it as it is registered there into SQUARE_PUBLIC_URL.',
  ],
  known: {
    from: 'square/square-nodejs-sdk src/wrapper/WebhooksHelper.ts; developer.squareup.com/docs/webhooks/troubleshooting; hookdeck/webhook-skills skills/square-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
