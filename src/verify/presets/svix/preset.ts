/** Svix. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const svix = custom({
  name: 'svix',
  title: 'Svix',
  forms: [standardForm('svix')],
  id: [{ header: 'svix-id' }],
  type: [['type']],
  sample: 'user-created',
  setUp: [
    'At Svix, add the URL of this source as a webhook, and put the secret that it signs with into SVIX_WEBHOOK_SECRET.',
  ],
  known: { from: 'svix/svix-webhooks', asOf: '2026-11' },
  shownBy: 'vector',
});
