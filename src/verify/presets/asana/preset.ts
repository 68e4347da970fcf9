/** Asana. */
import { custom } from '../../custom.ts';

export const asana = custom({
  name: 'asana',
  title: 'Asana',
  forms: [
    { in: { header: 'X-Hook-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [],
  items: { path: ['events'], id: [], type: [['resource', 'resource_type']] },
  sample: 'task-changed',
  setUp: [
    'At Asana, add the URL of this source as a webhook, and put the secret that it signs with into ASANA_WEBHOOK_SECRET.',
    'It hands over its secret in a handshake, which Consignee does not answer yet.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'same form as sendcloud',
});
