/** Resend. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const resend = custom({
  name: 'resend',
  title: 'Resend',
  forms: [standardForm('svix')],
  id: [{ header: 'svix-id' }],
  type: [['type']],
  sample: 'email-delivered',
  setUp: [
    'At Resend, add the URL of this source as a webhook, and put the secret that it signs with into RESEND_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers; Svix', asOf: '2026-11' },
  shownBy: 'same form as svix',
});
