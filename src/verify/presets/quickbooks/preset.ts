/** QuickBooks Online. */
import { custom } from '../../custom.ts';

export const quickbooks = custom({
  name: 'quickbooks',
  title: 'QuickBooks Online',
  forms: [
    { in: { header: 'intuit-signature' }, encoding: 'base64', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [],
  items: { path: ['eventNotifications'], id: [], type: [] },
  sample: 'customer-updated',
  setUp: [
    'At QuickBooks Online, add the URL of this source as a webhook, and put the secret that it signs with into QUICKBOOKS_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'same form as shopify',
});
