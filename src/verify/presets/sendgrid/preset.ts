/** SendGrid Event Webhook. */
import { custom } from '../../custom.ts';

export const sendgrid = custom({
  name: 'sendgrid',
  title: 'SendGrid Event Webhook',
  forms: [
    {
      in: { header: 'X-Twilio-Email-Event-Webhook-Signature' },
      encoding: 'base64',
      algorithm: 'ecdsa-sha256',
      signed: '{time}{body}',
      time: { from: 'header:X-Twilio-Email-Event-Webhook-Timestamp', unit: 's' },
    },
  ],
  id: [],
  type: [],
  items: { path: [], id: [['sg_event_id']], type: [['event']] },
  setUp: [
    'At SendGrid Event Webhook, add the URL of this source as a webhook, and put its public key into SENDGRID_WEBHOOK_SECRET.',
  ],
  known: { from: 'sendgrid/sendgrid-nodejs packages/eventwebhook', asOf: '2026-11' },
  shownBy: 'vector',
});
