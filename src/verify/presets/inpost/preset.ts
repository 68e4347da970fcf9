/** InPost Group API. */
import { custom } from '../../custom.ts';

export const inpost = custom({
  name: 'inpost',
  title: 'InPost Group API',
  forms: [
    {
      in: { header: 'x-inpost-signature' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{time}.{body}',
      time: { from: 'header:x-inpost-timestamp', unit: 'date' },
    },
    {
      in: { header: 'x-inpost-signature' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
      unlike: /^\d{4}-\d\d-\d\dT/,
    },
  ],
  id: [{ header: 'x-inpost-event-id' }, ['eventId']],
  type: [{ header: 'x-inpost-topic' }],
  keys: { tracking: [['trackingNumber']], reference: [['customerReference']] },
  sample: 'shipment-tracking',
  sampleType: 'Shipment.Tracking',
  setUp: [
    'InPost has no page for it: give the URL of this source to your account manager or the integration team, choose the events, and ask for HMAC signatures.',
    'Put the key that is agreed upon into INPOST_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developers.inpost-group.com/webhook-signature-verification, /webhooks; public repositories that quote the signed example of the first',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
