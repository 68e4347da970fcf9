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
  retries: { after: 'nothing', waitsMs: 60_000 },
  sample: 'order-updated',
  sampleType: 'order.updated',
  handshakes: [
    {
      when: { 'field:webhook_id': /^\d{1,20}$/, 'header:X-WC-Webhook-Topic': null },
      signed: 'maybe',
      answer: {},
    },
  ],
  setUp: [
    'In WooCommerce, under Settings, Advanced, Webhooks, add a webhook: the URL of this source is its Delivery URL.',
    'Its Secret, made by itself or by you, goes into WOOCOMMERCE_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developer.woocommerce.com and WC_Webhook::generate_signature; hookdeck/webhook-skills skills/woocommerce-webhooks; class-wc-webhook.php deliver, failed_delivery',
    asOf: '2026-11',
  },
  shownBy: 'same form as shopify',
});
