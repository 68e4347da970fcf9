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
    'Calendly’s webhooks are made by its API (POST /webhook_subscriptions), with the URL of this source and a `signing_key` of your own making.',
    'Put that into CALENDLY_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public specification; hookdeck/webhook-skills skills/calendly-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as stripe',
});
