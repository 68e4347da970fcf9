/**
 * Flexport's freight API (api.flexport.com; not the Logistics API, which does not sign).
 * Every delivery carries both headers: SHA-256 in X-Hub-Signature-256, SHA-1 in X-Hub-Signature.
 * Source: apidocs.flexport.com, Webhook Endpoints; developers.flexport.com/faq/webhooks.
 */
import type { Preset } from '../../preset.ts';

const RESOURCE = ['data', 'resource'];
const hub = { encoding: 'hex', signed: '{body}' } as const;

export const flexport = {
  name: 'flexport',
  title: 'Flexport',
  forms: [
    { ...hub, in: { header: 'X-Hub-Signature-256' }, prefix: 'sha256=', algorithm: 'hmac-sha256' },
    { ...hub, in: { header: 'X-Hub-Signature' }, prefix: 'sha256=', algorithm: 'hmac-sha256' },
    { ...hub, in: { header: 'X-Hub-Signature' }, prefix: 'sha1=', algorithm: 'hmac-sha1' },
  ],
  id: [['id']],
  type: [['type']],
  // Deliveries of 2020 carry the shipment beside the resource; Flexport's own example has none, and its resource is the shipment.
  state: {
    of: [
      { by: [['data', 'shipment', 'id']] },
      { by: [[...RESOURCE, 'shipment', 'id']] },
      {
        by: [[...RESOURCE, 'id']],
        where: { member: [...RESOURCE, '_object'], is: ['/shipment', '/shipments'] },
      },
      {
        by: [
          [...RESOURCE, '_object'],
          [...RESOURCE, 'id'],
        ],
      },
    ],
    at: [{ path: ['occurred_at'] }, { path: ['created_at'] }],
    recordedAt: ['created_at'],
  },
  keys: {
    // Where the shipment is the resource itself, its id is found as that of the resource.
    shipment: [
      ['data', 'shipment', 'id'],
      [...RESOURCE, 'shipment', 'id'],
    ],
    resource: [[...RESOURCE, 'id']],
    container: [
      ['data', 'containers', '*', 'container_number'],
      [...RESOURCE, 'container_number'],
    ],
    tracking: [[...RESOURCE, 'trucking_leg', 'tracking_number']],
    purchase_order: [[...RESOURCE, 'metadata', 'purchase_order', '*']],
  },
  bodyLimitBytes: 1_048_576,
  replyWithinMs: 2_500,
  // "A number of times" is all that its page says.
  retries: { after: 'anything' },
  addressLists: {},
  sample: 'shipment-leg-arrived',
  setUp: [
    'In Flexport’s account settings, add a webhook endpoint with the URL of this source and a secret token of your own making.',
    'Each endpoint has its own.',
  ],
  rotation: {
    hmac: {
      after: [
        'In Flexport’s account settings, open the webhook endpoint and replace its secret token. Each endpoint has its own.',
      ],
      old: 'Flexport documents no time in which both hold, so the old one must stay live here until the new one is seen.',
    },
  },
} satisfies Preset;
