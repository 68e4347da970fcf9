/** Razorpay. */
import { custom } from '../../custom.ts';

export const razorpay = custom({
  name: 'razorpay',
  title: 'Razorpay',
  forms: [
    { in: { header: 'X-Razorpay-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [{ header: 'X-Razorpay-Event-Id' }],
  type: [['event']],
  keys: {
    payment: [['payload', 'payment', 'entity', 'id']],
    order: [
      ['payload', 'payment', 'entity', 'order_id'],
      ['payload', 'order', 'entity', 'id'],
    ],
  },
  retries: { after: 'anything', forMs: 86_400_000, afterwards: 'switches the webhook off' },
  sample: 'payment-captured',
  setUp: [
    'In Razorpay’s Dashboard, under Account & Settings, Webhooks, add a webhook with the URL of this source and a secret of your own making.',
    'Put that into RAZORPAY_WEBHOOK_SECRET. Test mode and live mode have a webhook each.',
  ],
  rotation: {
    hmac: {
      after: ['In Razorpay’s Dashboard, open the webhook and replace its secret.'],
      old: 'What Razorpay sent with the old one it also sends again with the old one: keep both live here until that is over.',
    },
  },
  known: {
    from: 'razorpay/razorpay-node test/utils/razorpay-utils.spec.js; razorpay.com/docs/webhooks, …/best-practices; hookdeck/webhook-skills skills/razorpay-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
