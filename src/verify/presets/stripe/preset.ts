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
  sample: 'payment-intent-succeeded',
  setUp: [
    'At Stripe, add the URL of this source as a webhook, and put the secret that it signs with into STRIPE_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'stripe/stripe-dotnet EventUtilityTest.cs; stripe/stripe-node src/Webhooks.ts',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
