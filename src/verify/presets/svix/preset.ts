/** Svix. */
import { custom } from '../../custom.ts';

export const svix = custom({
  name: 'svix',
  title: 'Svix',
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
  sample: 'user-created',
  setUp: [
    'At Svix, add the URL of this source as a webhook, and put the secret that it signs with into SVIX_WEBHOOK_SECRET.',
  ],
  known: { from: 'svix/svix-webhooks', asOf: '2026-11' },
  shownBy: 'vector',
});
