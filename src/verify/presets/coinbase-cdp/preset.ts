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
  setUp: [
    'At Coinbase CDP webhooks, add the URL of this source as a webhook, and put the secret that it signs with into COINBASE_CDP_WEBHOOK_SECRET.',
  ],
  known: { from: 'docs.cdp.coinbase.com/webhooks/verify-signatures', asOf: '2026-11' },
  shownBy: 'same form as stripe',
});
