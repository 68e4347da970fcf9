/** Clerk. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const clerk = custom({
  name: 'clerk',
  title: 'Clerk',
  forms: [standardForm('svix')],
  id: [{ header: 'svix-id' }],
  type: [['type']],
  sample: 'user-created',
  setUp: [
    'At Clerk, add the URL of this source as a webhook, and put the secret that it signs with into CLERK_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers; Svix', asOf: '2026-11' },
  shownBy: 'same form as svix',
});
