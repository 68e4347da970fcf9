/** Etsy. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const etsy = custom({
  name: 'etsy',
  title: 'Etsy',
  forms: [standardForm('webhook')],
  id: [{ header: 'webhook-id' }],
  type: [['event_type']],
  keys: { resource: [['resource_url']], shop: [['shop_id']] },
  retries: { after: 'anything', forMs: 99_305_000 },
  sample: 'order-paid',
  setUp: [
    'At Etsy, under Manage your apps, open the menu of a commercial app, go to its Webhook portal, and add an endpoint with the URL of this source.',
    'The signing secret of the endpoint goes into ETSY_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developers.etsy.com/documentation/essentials/webhooks; etsy/open-api discussions 1509, 1564; api-evangelist/etsy asyncapi',
    asOf: '2026-11',
  },
  shownBy: 'same form as standard-webhooks',
});
