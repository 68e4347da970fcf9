/** WooCommerce. */
import { custom } from '../../custom.ts';

export const woocommerce = custom({
  name: 'woocommerce',
  title: 'WooCommerce',
  forms: [
    {
      in: { header: 'X-WC-Webhook-Signature' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [{ header: 'X-WC-Webhook-Delivery-ID' }],
  type: [{ header: 'X-WC-Webhook-Topic' }],
  sample: 'order-updated',
  setUp: [
    'At WooCommerce, add the URL of this source as a webhook, and put the secret that it signs with into WOOCOMMERCE_WEBHOOK_SECRET.',
    'Its first request, when it is saved, carries no signature: it is refused, and may be ignored.',
  ],
  known: { from: 'developer.woocommerce.com and WC_Webhook::generate_signature', asOf: '2026-11' },
  shownBy: 'same form as shopify',
});
