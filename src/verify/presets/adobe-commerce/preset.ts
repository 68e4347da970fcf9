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
    'In the Admin, under Stores, Configuration, Adobe Services, Webhooks, enable signature verification and click Regenerate key pair.',
    'Put the public key from there into ADOBE_COMMERCE_WEBHOOK_SECRET.',
    'It waits for a list of operations, which a `reply` must give.',
  ],
  known: {
    from: 'AdobeDocs/commerce-extensibility src/pages/webhooks/signature-verification.md',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
