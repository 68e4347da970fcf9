/** Etsy. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const etsy = custom({
  name: 'etsy',
  title: 'Etsy',
  forms: [standardForm('webhook')],
  id: [{ header: 'webhook-id' }],
  type: [['event_type']],
  sample: 'order-paid',
  setUp: [
    'At Etsy, add the URL of this source as a webhook, and put the secret that it signs with into ETSY_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developers.etsy.com/documentation/essentials/webhooks; etsy/open-api discussions 1509, 1564',
    asOf: '2026-11',
  },
  shownBy: 'same form as standard-webhooks',
});
