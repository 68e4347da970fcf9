/** Mailgun. */
import { custom } from '../../custom.ts';

export const mailgun = custom({
  name: 'mailgun',
  title: 'Mailgun',
  forms: [
    {
      in: { member: 'signature.signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}{member:signature.token}',
      time: { from: 'member:signature.timestamp', unit: 's' },
    },
  ],
  id: [['event-data', 'id']],
  type: [['event-data', 'event']],
  setUp: [
    'At Mailgun, add the URL of this source as a webhook, and put the secret that it signs with into MAILGUN_WEBHOOK_SECRET.',
  ],
  known: { from: 'mailgun/mailgun-go webhooks_test.go', asOf: '2026-11' },
  shownBy: 'documentation',
});
