/** Vercel. */
import { custom } from '../../custom.ts';

export const vercel = custom({
  name: 'vercel',
  title: 'Vercel',
  forms: [
    { in: { header: 'x-vercel-signature' }, encoding: 'hex', algorithm: 'hmac-sha1', signed: '{body}' },
  ],
  id: [['id']],
  type: [['type']],
  sample: 'deployment-created',
  setUp: [
    'At Vercel, add the URL of this source as a webhook, and put the secret that it signs with into VERCEL_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'documentation',
});
