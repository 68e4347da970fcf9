/** Mollie next-gen webhooks. */
import { custom } from '../../custom.ts';

export const mollie = custom({
  name: 'mollie',
  title: 'Mollie next-gen webhooks',
  forms: [
    {
      in: { headers: ['X-Mollie-Signature'] },
      prefix: 'sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
    { in: { headers: ['X-Mollie-Signature'] }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [['id']],
  type: [['type']],
  keys: { entity: [['entityId']] },
  replyWithinMs: 12_000,
  retries: {
    after: 'anything',
    forMs: 93_600_000,
    waitsMs: 15_000,
    afterwards: 'blocks the webhook until it is switched on again',
  },
  sample: 'payment-link-paid',
  setUp: [
    'In Mollie’s Dashboard, under Developers, Webhooks, create a webhook with the URL of this source.',
    'The signing secret that goes with it goes into MOLLIE_WEBHOOK_SECRET.',
  ],
  rotation: {
    hmac: {
      before: ['In Mollie’s Dashboard, roll the signing secret of the webhook.'],
      after: [],
      old: 'For 24 hours each event has a signature by the old one beside that by the new one.',
    },
  },
  known: {
    from: 'mollie/mollie-api-php src/Webhooks/SignatureValidator.php; docs.mollie.com/reference/webhooks-best-practices.md; hookdeck/webhook-skills skills/mollie-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as github',
});
