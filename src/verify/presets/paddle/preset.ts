/** Paddle Billing. */
import { custom } from '../../custom.ts';

export const paddle = custom({
  name: 'paddle',
  title: 'Paddle Billing',
  forms: [
    {
      in: { header: 'Paddle-Signature' },
      layout: { pairs: ';', mac: 'h1' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}:{body}',
      time: { from: 'pair:ts', unit: 's' },
    },
  ],
  id: [['event_id']],
  type: [['event_type']],
  sample: 'transaction-completed',
  setUp: [
    'At Paddle Billing, add the URL of this source as a webhook, and put the secret that it signs with into PADDLE_WEBHOOK_SECRET.',
  ],
  known: { from: 'PaddleHQ/paddle-node-sdk, paddle-python-sdk', asOf: '2026-11' },
  shownBy: 'vector',
});
