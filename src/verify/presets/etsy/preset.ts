/** Etsy. */
import { custom } from '../../custom.ts';

export const etsy = custom({
  name: 'etsy',
  title: 'Etsy',
  forms: [
    {
      in: { header: 'webhook-signature' },
      layout: { list: ' ', tag: 'v1', mark: ',' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      key: { base64After: 'whsec_' },
      signed: '{header:webhook-id}.{time}.{body}',
      time: { from: 'header:webhook-timestamp', unit: 's' },
    },
  ],
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
