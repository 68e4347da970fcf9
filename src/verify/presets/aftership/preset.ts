/** AfterShip. */
import { custom } from '../../custom.ts';

export const aftership = custom({
  name: 'aftership',
  title: 'AfterShip',
  forms: [
    {
      in: { header: 'aftership-hmac-sha256' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
    {
      in: { header: 'as-signature-hmac-sha256' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
    {
      in: { header: 'am-webhook-signature' },
      prefix: 'hmac-sha256=',
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [['event_id']],
  type: [['event']],
  sample: 'tracking-update',
  setUp: [
    'At AfterShip, add the URL of this source as a webhook, and put the secret that it signs with into AFTERSHIP_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'aftership.com/docs/tracking/webhook/webhook-signature, …/webhook-overview, /docs/returns/2025-04/webhook/signature',
    asOf: '2026-11',
  },
  shownBy: 'same form as shopify',
});
