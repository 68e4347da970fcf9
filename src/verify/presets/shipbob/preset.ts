/** ShipBob. */
import { custom } from '../../custom.ts';

export const shipbob = custom({
  name: 'shipbob',
  title: 'ShipBob',
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
