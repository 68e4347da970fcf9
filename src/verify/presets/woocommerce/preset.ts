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
  handshakes: [
    {
      when: { 'field:webhook_id': /^\d{1,20}$/, 'header:X-WC-Webhook-Topic': null },
      signed: 'maybe',
      answer: {},
    },
  ],
  setUp: [
    'At WooCommerce, add the URL of this source as a webhook, and put the secret that it signs with into WOOCOMMERCE_WEBHOOK_SECRET.',
  ],
  known: { from: 'developer.woocommerce.com and WC_Webhook::generate_signature', asOf: '2026-11' },
  shownBy: 'same form as shopify',
});
