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
    'In Zendesk’s Admin Center, under Apps and integrations, Actions and webhooks, Webhooks, create one with the URL of this source.',
    'Its signing secret goes into ZENDESK_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developer.zendesk.com/documentation/webhooks/verifying; support.zendesk.com article 4408836101146',
    asOf: '2026-11',
  },
  shownBy: 'same form as box',
});
