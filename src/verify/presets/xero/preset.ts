/** Xero. */
import { custom } from '../../custom.ts';

export const xero = custom({
  name: 'xero',
  title: 'Xero',
  forms: [
    { in: { header: 'x-xero-signature' }, encoding: 'base64', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [],
  items: { path: ['events'], id: [], type: [['eventCategory']] },
  sample: 'invoice-updated',
  setUp: [
    'At Xero, add the URL of this source as a webhook, and put the secret that it signs with into XERO_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public specification; the provider’s documentation', asOf: '2026-11' },
  shownBy: 'same form as shopify',
});
