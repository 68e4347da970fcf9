/** Coinbase CDP webhooks. */
import { custom } from '../../custom.ts';

const BY_SECRET = {
  in: { header: 'X-Hook0-Signature' },
  encoding: 'hex',
  algorithm: 'hmac-sha256',
  time: { from: 'pair:t', unit: 's' },
} as const;

export const coinbaseCdp = custom({
  name: 'coinbase-cdp',
  title: 'Coinbase CDP webhooks',
  // Either is over all of the body; v1 also over the headers that `h` names.
  forms: [
    { ...BY_SECRET, layout: { pairs: ',', mac: 'v0' }, signed: '{time}.{body}' },
    { ...BY_SECRET, layout: { pairs: ',', mac: 'v1' }, signed: '{time}.{pair:h}.{pairHeaders:h}.{body}' },
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
