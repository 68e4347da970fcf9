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
  retries: { after: 'anything', waitsMs: 3_000 },
  sample: 'customer-updated',
  setUp: [
    'At developer.intuit.com, open the app and give the URL of this source under Webhooks as the endpoint.',
    'The verifier token there, another one for the sandbox, goes into QUICKBOOKS_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'intuit/QuickBooks-V3-Java-SDK WebhooksService.java; developer.intuit.com, webhooks; blogs.intuit.com 2025-10-14',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
