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
  replyWithinMs: 4_000,
  retries: { after: 'anything', forMs: 86_400_000, waitsMs: 5_000, afterwards: 'switches the webhook off' },
  sample: 'invoice-updated',
  answer: { text: '' },
  setUp: [
    'At developer.xero.com, open the app and give the URL of this source under Webhooks as the delivery URL.',
    'The webhooks key there goes into XERO_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public specification; the provider’s documentation; developer.xero.com/documentation/webhooks/configuring-your-server',
    asOf: '2026-11',
  },
  shownBy: 'same form as shopify',
});
