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
  sample: 'account-holder-created',
  setUp: [
    'At Adyen (platforms, banking, management), add the URL of this source as a webhook, and put the secret that it signs with into ADYEN_PLATFORMS_WEBHOOK_SECRET.',
  ],
  known: { from: 'Adyen/adyen-node-api-library hmacValidator.spec.ts', asOf: '2026-11' },
  shownBy: 'vector',
});
