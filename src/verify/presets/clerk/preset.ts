/** Clerk. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const clerk = custom({
  name: 'clerk',
  title: 'Clerk',
  forms: [standardForm('svix')],
  id: [{ header: 'svix-id' }],
  type: [['type']],
  replyWithinMs: 12_000,
  retries: { after: 'anything', forMs: 99_305_000, waitsMs: 15_000 },
  sample: 'user-created',
  setUp: [
    'In Clerk’s Dashboard, under Webhooks, add an endpoint with the URL of this source.',
    'Its Signing Secret, which begins with whsec_, goes into CLERK_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; Svix; clerk/clerk-docs docs/webhooks/overview.mdx',
    asOf: '2026-11',
  },
  shownBy: 'same form as svix',
});
