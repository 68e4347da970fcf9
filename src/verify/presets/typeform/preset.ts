/** Typeform. */
import { custom } from '../../custom.ts';

export const typeform = custom({
  name: 'typeform',
  title: 'Typeform',
  forms: [
    {
      in: { header: 'Typeform-Signature' },
      prefix: 'sha256=',
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [['event_id']],
  type: [['event_type']],
  sample: 'form-response',
  setUp: [
    'At Typeform, add the URL of this source as a webhook, and put the secret that it signs with into TYPEFORM_WEBHOOK_SECRET.',
  ],
  known: { from: 'typeform.com/developers/webhooks/secure-your-webhooks', asOf: '2026-11' },
  shownBy: 'same form as shopify',
});
