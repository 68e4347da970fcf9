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
    'In SendGrid, under Settings, Mail Settings, Event Webhook, give the URL of this source as the HTTP Post URL and switch Signed Event Webhook on.',
    'The Verification Key that appears goes into SENDGRID_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'sendgrid/sendgrid-nodejs packages/eventwebhook; hookdeck/webhook-skills skills/sendgrid-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
