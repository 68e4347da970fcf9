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
  id: [['event_id'], ['id']],
  type: [['event'], ['event_type']],
  state: {
    where: { member: ['event'], is: ['tracking_update'] },
    of: [{ by: [['msg', 'id']] }],
    at: [{ path: ['ts'] }],
  },
  keys: {
    tracking: [['msg', 'tracking_number']],
    order: [['msg', 'order_number']],
    rma: [
      ['data', 'rma_number'],
      ['current_context', 'rma_number'],
    ],
  },
  retries: { after: 'anything', forMs: 245_730_000 },
  addressLists: {
    'aftership-tracking': {
      addresses: ['104.154.18.15', '34.122.118.39', '34.70.29.163', '34.70.81.106', '34.72.178.234'],
      from: 'aftership.com/docs/tracking/webhook/webhook-outgoing-ips, as hookdeck/webhook-skills quotes it',
      asOf: '2026-11',
    },
  },
  sample: 'tracking-update',
  setUp: [
    'In AfterShip’s admin, under Settings, Webhooks, add the URL of this source: its port must be 80, 443 or 8080.',
    'The webhook secret is on that page: put it into AFTERSHIP_WEBHOOK_SECRET. Tracking, Shipping, Returns and Warranty have one each, so make a source for each.',
  ],
  known: {
    from: 'aftership.com/docs/tracking/webhook/webhook-signature, …/webhook-overview, /docs/returns/2025-04/webhook/signature; hookdeck/webhook-skills skills/aftership-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as shopify',
});
