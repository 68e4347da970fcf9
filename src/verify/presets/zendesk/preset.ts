/** Zendesk webhooks. */
import { custom } from '../../custom.ts';

export const zendesk = custom({
  name: 'zendesk',
  title: 'Zendesk webhooks',
  forms: [
    {
      in: { header: 'X-Zendesk-Webhook-Signature' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{time}{body}',
      time: { from: 'header:X-Zendesk-Webhook-Signature-Timestamp', unit: 'date' },
    },
  ],
  id: [{ header: 'X-Zendesk-Webhook-Invocation-Id' }],
  type: [['type']],
  sample: 'ticket-created',
  setUp: [
    'At Zendesk webhooks, add the URL of this source as a webhook, and put the secret that it signs with into ZENDESK_WEBHOOK_SECRET.',
  ],
  known: { from: 'developer.zendesk.com/documentation/webhooks/verifying', asOf: '2026-11' },
  shownBy: 'same form as box',
});
