/** ShipEngine, and ShipStation's API v2, which is the same. */
import { custom } from '../../custom.ts';

export const shipengine = custom({
  name: 'shipengine',
  title: 'ShipEngine / ShipStation API v2',
  forms: [
    {
      in: { header: 'x-shipengine-rsa-sha256-signature' },
      encoding: 'base64',
      algorithm: 'rsa-sha256',
      key: { jwks: 'https://api.shipengine.com/jwks', kid: 'header:x-shipengine-rsa-sha256-key-id' },
      signed: '{time}.{body}',
      time: { from: 'header:x-shipengine-timestamp', unit: 'date', toleranceSeconds: 300 },
    },
  ],
  id: [],
  type: [['resource_type']],
  keys: { tracking: [['data', 'tracking_number']] },
  sample: 'track',
  setUp: [
    'In the dashboard under Developer, Webhooks, add the URL of this source for each event. ShipEngine publishes its keys, so SHIPENGINE_VERIFY=signature is all that must be set.',
    'All customers of ShipEngine have one key: set SHIPENGINE_WEBHOOK_TOKEN as well and put ?token=… into the URL, so that nobody can pass on to you what was sent to somebody else.',
  ],
  known: {
    from: 'docs.shipstation.com/apis/docs/guides/webhooks-validation, …/webhooks-schemas, /apis/shipengine/docs/guides/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
