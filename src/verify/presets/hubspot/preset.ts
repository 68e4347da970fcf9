/** HubSpot. */
import { custom } from '../../custom.ts';

export const hubspot = custom({
  name: 'hubspot',
  title: 'HubSpot',
  forms: [
    {
      in: { header: 'X-HubSpot-Signature-v3' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{method}{url}{body}{time}',
      time: { from: 'header:X-HubSpot-Request-Timestamp', unit: 'ms' },
    },
    {
      in: { header: 'X-HubSpot-Signature' },
      encoding: 'hex',
      algorithm: 'digest-sha256',
      signed: '{key}{method}{url}{body}',
    },
    {
      in: { header: 'X-HubSpot-Signature' },
      encoding: 'hex',
      algorithm: 'digest-sha256',
      signed: '{key}{body}',
    },
  ],
  id: [],
  type: [],
  items: { path: [], id: [['eventId']], type: [['subscriptionType']] },
  keys: { object: [['*', 'objectId']], event: [['*', 'eventId']] },
  retries: { after: 'anything', forMs: 86_400_000 },
  sample: 'contact-created',
  setUp: [
    'In the app’s settings at HubSpot, under Webhooks, give the URL of this source as the Target URL, and create subscriptions.',
    'The Client secret under Auth goes into HUBSPOT_WEBHOOK_SECRET.',
    'It signs the URL: write it as it is registered there into HUBSPOT_PUBLIC_URL.',
  ],
  known: {
    from: 'HubSpot/hubspot-api-python tests/spec/utils/test_signature.py; hubspot-api-nodejs test/unit/signature.spec.ts; hookdeck/webhook-skills skills/hubspot-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
