/** Primer. */
import { custom } from '../../custom.ts';

export const primer = custom({
  name: 'primer',
  title: 'Primer',
  forms: [
    {
      in: { headers: ['X-Signature-Primary', 'X-Signature-Secondary'] },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
      time: { from: 'member:signedAt', unit: 's' },
    },
  ],
  id: [],
  type: [['eventType']],
  state: {
    where: { member: ['eventType'], is: ['PAYMENT.STATUS'] },
    of: [{ by: [['payment', 'id']] }],
    at: [{ path: ['payment', 'dateUpdated'] }],
  },
  keys: {
    payment: [['payment', 'id'], ['paymentId']],
    order: [['payment', 'orderId'], ['orderId']],
    customer: [['payment', 'customerId']],
  },
  replyWithinMs: 8_000,
  retries: { after: 'anything', forMs: 1_870_000, waitsMs: 10_000 },
  sample: 'payment-status',
  setUp: [
    'In Primer’s Dashboard, under Developers, add a webhook with the URL of this source.',
    'The signing secret, one for the account, is made there: put it into PRIMER_WEBHOOK_SECRET.',
  ],
  rotation: {
    hmac: {
      before: ['In Primer’s Dashboard, under Developers, rotate the signing secret.'],
      after: [],
      old: 'For 24 hours Primer signs with both.',
    },
  },
  known: {
    from: 'the provider’s documentation; primer.io/docs/api-reference/get-started/configure-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as box',
});
