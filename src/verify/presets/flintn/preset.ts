/**
 * Flintn. One secret per merchant, shared by all its webhooks; the old one dies the moment it is rotated.
 * Source: tutorvue-group.gitbook.io/flintn-docs, Webhooks, Configure Webhooks and Webhook Secrets.
 */
import type { Preset } from '../../preset.ts';

export const flintn = {
  name: 'flintn',
  title: 'Flintn',
  forms: [
    {
      in: { header: 'X-Signature-Primary' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [['event_id']],
  type: [['event_type']],
  // The fields of its API's transactions; of its webhooks only the envelope is documented.
  keys: {
    transaction: [['data', 'transaction_id']],
    payment: [['data', 'payment_id']],
    order: [['data', 'order_id']],
    subscription: [['data', 'subscription_id']],
  },
  bodyLimitBytes: 1_048_576,
  replyWithinMs: 20_000,
  // At once, then after 5 minutes, 30 minutes, 2 hours and 24 hours.
  retries: {
    after: 'trouble',
    forMs: 95_700_000,
    waitsMs: 30_000,
    afterwards: 'switches the webhook off, and what comes meanwhile is lost',
  },
  addressLists: {},
  sample: 'transaction-settled',
  setUp: [
    'At Flintn (hub.flintn.com/developers), under Webhooks, add the URL of this source.',
    'The secret is under Webhook Secret there: it is shown once, and all your webhooks share it.',
    'The old one stops signing the moment a new one is made. The last retry comes 26.5 hours after the first try.',
  ],
  rotation: {
    hmac: {
      before: [
        'Open this machine’s settings beside the dashboard: between the next two steps nothing passes.',
        'At Flintn (hub.flintn.com/developers): Webhooks, Webhook Secret, Rotate Secret. Copy the new one: it is shown once, and all your webhooks share it.',
      ],
      after: [],
      old: 'Flintn’s old secret is dead the moment the new one exists. What comes in between is refused, but kept, and accepted by itself once the new one is live here.',
    },
  },
} satisfies Preset;
