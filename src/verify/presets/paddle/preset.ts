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
  keys: { object: [['data', 'id']] },
  replyWithinMs: 4_000,
  retries: { after: 'anything', forMs: 259_200_000, waitsMs: 5_000 },
  sample: 'transaction-completed',
  setUp: [
    'In Paddle’s dashboard, under Developer tools, Notifications, add a new destination of the type URL with that of this source.',
    'Its Secret key is shown when the destination is opened: put it into PADDLE_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'PaddleHQ/paddle-node-sdk, paddle-python-sdk; hookdeck/webhook-skills skills/paddle-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
