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
  keys: { deployment: [['payload', 'deployment', 'id']] },
  replyWithinMs: 20_000,
  retries: { after: 'anything', forMs: 86_400_000, waitsMs: 30_000 },
  sample: 'deployment-created',
  setUp: [
    'In the settings of the team at Vercel, under Webhooks, create a webhook with the URL of this source.',
    'Its secret is shown once: put it into VERCEL_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; hookdeck/webhook-skills skills/vercel-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
