/** TrackingMore V4. */
import { custom } from '../../custom.ts';

export const trackingmore = custom({
  name: 'trackingmore',
  title: 'TrackingMore V4',
  forms: [
    {
      in: { header: 'signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}',
      time: { from: 'header:timestamp', unit: 's' },
    },
  ],
  id: [],
  type: [],
  setUp: [
    'At TrackingMore V4, add the URL of this source as a webhook, and put the secret that it signs with into TRACKINGMORE_WEBHOOK_SECRET.',
  ],
  known: { from: 'clooney/royal-mail-tracking-api webhook.md; a public test', asOf: '2026-11' },
  shownBy: 'documentation',
});
