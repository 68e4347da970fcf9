/** Resend. */
import { custom } from '../../custom.ts';

export const resend = custom({
  name: 'resend',
  title: 'Resend',
  forms: [
    {
      in: { header: 'svix-signature' },
      layout: { list: ' ', tag: 'v1', mark: ',' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      key: { base64After: 'whsec_' },
      signed: '{header:svix-id}.{time}.{body}',
      time: { from: 'header:svix-timestamp', unit: 's' },
    },
  ],
  id: [{ header: 'svix-id' }],
  type: [['type']],
  sample: 'email-delivered',
  setUp: [
    'At Resend, add the URL of this source as a webhook, and put the secret that it signs with into RESEND_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers; Svix', asOf: '2026-11' },
  shownBy: 'same form as svix',
});
