/** Calendly. */
import { custom } from '../../custom.ts';

export const calendly = custom({
  name: 'calendly',
  title: 'Calendly',
  forms: [
    {
      in: { header: 'Calendly-Webhook-Signature' },
      layout: { pairs: ',', mac: 'v1' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}.{body}',
      time: { from: 'pair:t', unit: 's', toleranceSeconds: 180 },
    },
  ],
  id: [],
  type: [['event']],
  sample: 'invitee-created',
  setUp: [
    'At Calendly, add the URL of this source as a webhook, and put the secret that it signs with into CALENDLY_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public specification', asOf: '2026-11' },
  shownBy: 'same form as stripe',
});
