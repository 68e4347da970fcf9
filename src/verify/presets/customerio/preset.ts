/** Customer.io reporting webhooks. */
import { custom } from '../../custom.ts';

export const customerio = custom({
  name: 'customerio',
  title: 'Customer.io reporting webhooks',
  forms: [
    {
      in: { header: 'X-CIO-Signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: 'v0:{time}:{body}',
      time: { from: 'header:X-CIO-Timestamp', unit: 's' },
    },
  ],
  id: [['event_id']],
  type: [['object_type']],
  keys: { recipient: [['data', 'recipient']] },
  replyWithinMs: 3_000,
  retries: { after: 'anything', forMs: 604_800_000, waitsMs: 4_000 },
  sample: 'email-delivered',
  setUp: [
    'In Customer.io, under Data & Integrations, Integrations, Reporting Webhooks, add one with the URL of this source.',
    'Its signing key goes into CUSTOMERIO_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; docs.customer.io/journeys/webhooks, /api/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as slack',
});
