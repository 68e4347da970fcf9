/** Adobe Commerce / Magento webhooks. */
import { custom } from '../../custom.ts';

export const adobeCommerce = custom({
  name: 'adobe-commerce',
  title: 'Adobe Commerce / Magento webhooks',
  forms: [
    {
      in: { header: 'x-adobe-commerce-webhook-signature' },
      encoding: 'base64',
      algorithm: 'rsa-sha256',
      signed: '{base64}',
    },
  ],
  id: [],
  type: [],
  setUp: [
    'At Adobe Commerce / Magento webhooks, add the URL of this source as a webhook, and put its public key into ADOBE_COMMERCE_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'AdobeDocs/commerce-extensibility src/pages/webhooks/signature-verification.md',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
