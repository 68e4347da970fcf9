/** ShipHero. */
import { custom } from '../../custom.ts';

export const shiphero = custom({
  name: 'shiphero',
  title: 'ShipHero',
  forms: [
    {
      in: { header: 'x-shiphero-hmac-sha256' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [{ header: 'X-Shiphero-Message-ID' }],
  type: [['webhook_type']],
  sample: 'shipment-update',
  answer: { type: 'application/json', text: '{"code":"200","Status":"Success"}' },
  setUp: [
    'At ShipHero, add the URL of this source as a webhook, and put the secret that it signs with into SHIPHERO_WEBHOOK_SECRET.',
  ],
  known: { from: 'public code; copies of developer.shiphero.com', asOf: '2026-11' },
  shownBy: 'same form as shopify',
});
