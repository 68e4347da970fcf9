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
  replyWithinMs: 20_000,
  retries: { after: 'anything', forMs: 36_000_000, waitsMs: 30_000 },
  sample: 'form-response',
  setUp: [
    'In Typeform, open the form and add the URL of this source under Connect, Webhooks, with a secret of your own making.',
    'Put that into TYPEFORM_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'typeform.com/developers/webhooks/secure-your-webhooks; typeform.com/developers/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as shopify',
});
