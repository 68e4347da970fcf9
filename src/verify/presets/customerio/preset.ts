/** Customer.io reporting webhooks. */
import { custom } from '../../custom.ts';

export const customerio = custom({
  name: 'customerio',
  title: 'Customer.io reporting webhooks',
  forms: [
    {
      in: { header: 'X-CIO-Signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: 'v0:{time}:{body}',
      time: { from: 'header:X-CIO-Timestamp', unit: 's' },
    },
  ],
  id: [['event_id']],
  type: [['object_type']],
  sample: 'email-delivered',
  setUp: [
    'At Customer.io reporting webhooks, add the URL of this source as a webhook, and put the secret that it signs with into CUSTOMERIO_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'same form as slack',
});
