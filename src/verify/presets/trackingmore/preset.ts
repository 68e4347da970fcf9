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
  keys: {
    tracking: [
      ['data', 'tracking_number'],
      ['data', '*', 'tracking_number'],
    ],
  },
  retries: { after: 'anything', forMs: 245_730_000 },
  setUp: [
    'In TrackingMore’s admin, under Developer, Webhooks, add the URL of this source.',
    'Put the webhook secret, which only version 4 has, into TRACKINGMORE_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'clooney/royal-mail-tracking-api webhook.md; a public test; support.trackingmore.com/en/article/webhook-1vrike4',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
