/** Resend. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const resend = custom({
  name: 'resend',
  title: 'Resend',
  forms: [standardForm('svix')],
  id: [{ header: 'svix-id' }],
  type: [['type']],
  keys: { email: [['data', 'email_id']] },
  sample: 'email-delivered',
  setUp: [
    'At resend.com/webhooks, add a webhook with the URL of this source.',
    'Its Signing Secret, which begins with whsec_, goes into RESEND_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; Svix; hookdeck/webhook-skills skills/resend-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as svix',
});
