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
  sample: 'payment-captured',
  setUp: [
    'At Razorpay, add the URL of this source as a webhook, and put the secret that it signs with into RAZORPAY_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'razorpay/razorpay-node test/utils/razorpay-utils.spec.js; razorpay.com/docs/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
