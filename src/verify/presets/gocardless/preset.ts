/** GoCardless. */
import { custom } from '../../custom.ts';

export const gocardless = custom({
  name: 'gocardless',
  title: 'GoCardless',
  forms: [
    { in: { header: 'Webhook-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [],
  items: { path: ['events'], id: [['id']], type: [['resource_type']] },
  sample: 'payments-confirmed',
  setUp: [
    'At GoCardless, add the URL of this source as a webhook, and put the secret that it signs with into GOCARDLESS_WEBHOOK_SECRET.',
  ],
  known: { from: 'gocardless/gocardless-nodejs src/webhooks.test.ts', asOf: '2026-11' },
  shownBy: 'same form as sendcloud',
});
