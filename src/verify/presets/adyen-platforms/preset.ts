/** Adyen (platforms, banking, management). */
import { custom } from '../../custom.ts';

export const adyenPlatforms = custom({
  name: 'adyen-platforms',
  title: 'Adyen (platforms, banking, management)',
  forms: [
    {
      in: { header: 'HmacSignature' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      key: 'hex',
      signed: '{body}',
    },
  ],
  id: [],
  type: [['type']],
  retries: { after: 'anything', forMs: 2_592_000_000 },
  sample: 'account-holder-created',
  setUp: [
    'In Adyen’s Customer Area, with the company account selected, under Developers, Webhooks, Platforms, create a webhook with the URL of this source: its port must be 443, 8443 or 8843.',
    'Generate the HMAC key of the webhook there, and put it into ADYEN_PLATFORMS_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'Adyen/adyen-node-api-library hmacValidator.spec.ts; docs.adyen.com/platforms/set-up-webhooks, /development-resources/webhooks/troubleshoot',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
