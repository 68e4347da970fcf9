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
  replyWithinMs: 20_000,
  retries: { after: 'anything', forMs: 28_800_000, waitsMs: 30_000 },
  setUp: [
    'In Mailgun, under Sending, Webhooks, add the URL of this source: one webhook for each kind of event.',
    'The HTTP webhook signing key of the account goes into MAILGUN_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'mailgun/mailgun-php tests/Api/WebhookTest.php; mailgun/mailgun-go webhooks.go; hookdeck/webhook-skills skills/mailgun-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
