/** Clerk. */
import { custom } from '../../custom.ts';

export const clerk = custom({
  name: 'clerk',
  title: 'Clerk',
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
    'At Clerk, add the URL of this source as a webhook, and put the secret that it signs with into CLERK_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers; Svix', asOf: '2026-11' },
  shownBy: 'same form as svix',
});
