/** ShipBob. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const shipbob = custom({
  name: 'shipbob',
  title: 'ShipBob',
  forms: [standardForm('webhook')],
  id: [{ header: 'webhook-id' }],
  type: [{ header: 'x-webhook-topic' }],
  replyWithinMs: 12_000,
  retries: {
    after: 'anything',
    forMs: 99_305_000,
    waitsMs: 15_000,
    afterwards: 'switches the endpoint off once everything has failed for 5 days',
  },
  sample: 'order-shipped',
  sampleType: 'order.shipped',
  setUp: [
    'In ShipBob’s dashboard, under Integrations, Webhooks, or by its API, add a subscription with the URL of this source.',
    'Its secret, which begins with whsec_, goes into SHIPBOB_WEBHOOK_SECRET. Subscriptions of version 1.0 and 2.0 are not signed.',
  ],
  known: {
    from: 'api-evangelist/shipbob asyncapi (restates developer.shipbob.com/webhooks); developer.shipbob.com/2026-07/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as standard-webhooks',
});
