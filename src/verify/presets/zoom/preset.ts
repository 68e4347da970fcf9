/** Zoom. */
import { custom } from '../../custom.ts';

export const zoom = custom({
  name: 'zoom',
  title: 'Zoom',
  forms: [
    {
      in: { header: 'x-zm-signature' },
      prefix: 'v0=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: 'v0:{time}:{body}',
      time: { from: 'header:x-zm-request-timestamp', unit: 's' },
    },
  ],
  id: [],
  type: [['event']],
  retries: { after: 'anything', forMs: 5_100_000, waitsMs: 3_000 },
  sample: 'meeting-started',
  handshakes: [
    {
      when: { 'member:event': 'endpoint.url_validation', 'member:payload.plainToken': /^[\w.~-]{1,200}$/ },
      signed: true,
      made: { algorithm: 'hmac-sha256', encoding: 'hex', of: '{member:payload.plainToken}' },
      answer: { json: { plainToken: '{member:payload.plainToken}', encryptedToken: '{made}' } },
    },
  ],
  setUp: [
    'In the Zoom App Marketplace, open the app, enable Event Subscriptions under Feature, and give the URL of this source as the endpoint.',
    'The Secret Token there goes into ZOOM_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'zoom/webhook-sample index.js; zoom/rivet-javascript; developers.zoom.us/blog/webhook-delays; hookdeck/webhook-skills skills/zoom-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as slack',
});
