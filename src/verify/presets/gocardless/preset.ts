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
  keys: { event: [['events', '*', 'id']], payment: [['events', '*', 'links', 'payment']] },
  retries: { after: 'anything' },
  sample: 'payments-confirmed',
  setUp: [
    'In GoCardless’s dashboard, under Developers, Webhook endpoints, create one with the URL of this source.',
    'The endpoint shows its secret: put it into GOCARDLESS_WEBHOOK_SECRET. Sandbox and live have one each.',
  ],
  known: {
    from: 'gocardless/gocardless-nodejs src/webhooks.test.ts; hookdeck/webhook-skills skills/gocardless-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
