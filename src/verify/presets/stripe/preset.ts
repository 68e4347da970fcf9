/** Stripe. */
import { custom } from '../../custom.ts';

export const stripe = custom({
  name: 'stripe',
  title: 'Stripe',
  forms: [
    {
      in: { header: 'Stripe-Signature' },
      layout: { pairs: ',', mac: 'v1' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}.{body}',
      time: { from: 'pair:t', unit: 's' },
    },
  ],
  id: [['id']],
  type: [['type']],
  keys: { object: [['data', 'object', 'id']], customer: [['data', 'object', 'customer']] },
  retries: { after: 'anything', forMs: 259_200_000 },
  sample: 'payment-intent-succeeded',
  setUp: [
    'In Stripe’s Dashboard, under Developers, Webhooks, add an endpoint with the URL of this source.',
    'Its Signing secret, which begins with whsec_, goes whole into STRIPE_WEBHOOK_SECRET. Test mode and live mode have one each.',
  ],
  rotation: {
    hmac: {
      before: [
        'In Stripe’s Dashboard, open the endpoint and roll its signing secret, with a time in which both hold.',
      ],
      after: [],
      old: 'Until then, 24 hours at most, Stripe signs with both.',
    },
  },
  known: {
    from: 'stripe/stripe-dotnet EventUtilityTest.cs; stripe/stripe-node src/Webhooks.ts; hookdeck/webhook-skills skills/stripe-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
