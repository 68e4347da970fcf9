/** Mollie next-gen webhooks. */
import { custom } from '../../custom.ts';

export const mollie = custom({
  name: 'mollie',
  title: 'Mollie next-gen webhooks',
  forms: [
    {
      in: { header: 'X-Mollie-Signature' },
      prefix: 'sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
    { in: { header: 'X-Mollie-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [['id']],
  type: [['type']],
  sample: 'payment-link-paid',
  setUp: [
    'At Mollie next-gen webhooks, add the URL of this source as a webhook, and put the secret that it signs with into MOLLIE_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'mollie/mollie-api-php src/Webhooks/SignatureValidator.php; docs.mollie.com/reference/webhooks-best-practices.md',
    asOf: '2026-11',
  },
  shownBy: 'same form as github',
});
