/** Segment. */
import { custom } from '../../custom.ts';

export const segment = custom({
  name: 'segment',
  title: 'Segment',
  forms: [{ in: { header: 'X-Signature' }, encoding: 'hex', algorithm: 'hmac-sha1', signed: '{body}' }],
  id: [['messageId']],
  type: [['type']],
  sample: 'track',
  setUp: [
    'At Segment, add the URL of this source as a webhook, and put the secret that it signs with into SEGMENT_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'documentation',
});
