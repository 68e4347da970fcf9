/**
 * Flexport's freight API (api.flexport.com; not the Logistics API, which does not sign).
 * Every delivery carries both headers: SHA-256 in X-Hub-Signature-256, SHA-1 in X-Hub-Signature.
 * Source: apidocs.flexport.com, Webhook Endpoints; developers.flexport.com/faq/webhooks.
 */
import type { Preset } from '../../preset.ts';

const header = { layout: 'plain', encoding: 'hex' } as const;

export const flexport = {
  name: 'flexport',
  title: 'Flexport',
  hmac: [
    { ...header, header: 'X-Hub-Signature-256', prefix: 'sha256=', algorithm: 'sha256' },
    { ...header, header: 'X-Hub-Signature', prefix: 'sha256=', algorithm: 'sha256' },
    { ...header, header: 'X-Hub-Signature', prefix: 'sha1=', algorithm: 'sha1' },
  ],
  id: [['id']],
  type: [['type']],
  state: { of: [['data', 'shipment', 'id']], at: [['occurred_at']] },
  bodyLimitBytes: 1_048_576,
  replyWithinMs: 2_500,
  addressLists: {},
} satisfies Preset;
