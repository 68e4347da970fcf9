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
  setUp: [
    'At HubSpot, add the URL of this source as a webhook, and put the secret that it signs with into HUBSPOT_WEBHOOK_SECRET.',
    'It signs the URL: write it as it is registered there into HUBSPOT_PUBLIC_URL.',
  ],
  known: {
    from: 'HubSpot/hubspot-api-python tests/spec/utils/test_signature.py; hubspot-api-nodejs test/unit/signature.spec.ts',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
