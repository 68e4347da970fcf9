/** ShipBob. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const shipbob = custom({
  name: 'shipbob',
  title: 'ShipBob',
  forms: [standardForm('webhook')],
  id: [{ header: 'webhook-id' }],
  type: [{ header: 'x-webhook-topic' }],
  sample: 'order-shipped',
  setUp: [
    'At ShipBob, add the URL of this source as a webhook, and put the secret that it signs with into SHIPBOB_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'api-evangelist/shipbob asyncapi (restates developer.shipbob.com/webhooks); developer.shipbob.com/2026-07/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as standard-webhooks',
});
