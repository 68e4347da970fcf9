/** Sendcloud. */
import { custom } from '../../custom.ts';

export const sendcloud = custom({
  name: 'sendcloud',
  title: 'Sendcloud',
  forms: [
    { in: { header: 'Sendcloud-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [['action']],
  sample: 'parcel-status-changed',
  setUp: [
    'At Sendcloud, add the URL of this source as a webhook, and put the secret that it signs with into SENDCLOUD_WEBHOOK_SECRET.',
  ],
  known: { from: 'sendcloud.dev/api/v2/webhooks, /api/v3/webhooks/index', asOf: '2026-11' },
  shownBy: 'vector',
});
