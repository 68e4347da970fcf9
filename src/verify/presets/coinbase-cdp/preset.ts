/** Coinbase CDP webhooks. */
import { custom } from '../../custom.ts';

export const coinbaseCdp = custom({
  name: 'coinbase-cdp',
  title: 'Coinbase CDP webhooks',
  forms: [
    {
      in: { header: 'X-Hook0-Signature' },
      layout: { pairs: ',', mac: 'v0' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}.{body}',
      time: { from: 'pair:t', unit: 's' },
    },
  ],
  id: [],
  type: [['eventType']],
  keys: { transaction: [['transactionId']], order: [['orderId']] },
  sample: 'onramp-updated',
  setUp: [
    'Webhooks of CDP are made by its API (POST /platform/v2/data/webhooks/subscriptions) or its CLI, with the URL of this source as `target.url`.',
    'The answer has the secret: put it into COINBASE_CDP_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'docs.cdp.coinbase.com/webhooks/verify-signatures; docs.cdp.coinbase.com/webhooks/onramp; hook0/hook0 clients/conformance/signature.json',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
