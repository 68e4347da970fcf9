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
  sample: 'payment-updated',
  setUp: [
    'At Square, add the URL of this source as a webhook, and put the secret that it signs with into SQUARE_WEBHOOK_SECRET.',
    'It signs the URL: write it as it is registered there into SQUARE_PUBLIC_URL.',
  ],
  known: { from: 'square/square-nodejs-sdk src/wrapper/WebhooksHelper.ts', asOf: '2026-11' },
  shownBy: 'vector',
});
