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
    'At Zoom, add the URL of this source as a webhook, and put the secret that it signs with into ZOOM_WEBHOOK_SECRET.',
    'It asks with endpoint.url_validation: a `reply` that returns plainToken and encryptedToken answers it.',
  ],
  known: { from: 'zoom/webhook-sample index.js', asOf: '2026-11' },
  shownBy: 'same form as slack',
});
