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
  sample: 'meeting-started',
  setUp: [
    'In the Zoom App Marketplace, open the app, enable Event Subscriptions under Feature, and give the URL of this source as the endpoint.',
    'The Secret Token there goes into ZOOM_WEBHOOK_SECRET.',
    'It asks with endpoint.url_validation: a `reply` that returns plainToken and encryptedToken answers it.',
  ],
  known: {
    from: 'zoom/webhook-sample index.js; hookdeck/webhook-skills skills/zoom-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as slack',
});
