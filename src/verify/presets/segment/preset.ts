/** Segment. */
import { custom } from '../../custom.ts';

export const segment = custom({
  name: 'segment',
  title: 'Segment',
  forms: [{ in: { header: 'X-Signature' }, encoding: 'hex', algorithm: 'hmac-sha1', signed: '{body}' }],
  id: [['messageId']],
  type: [['type']],
  keys: { user: [['userId']] },
  replyWithinMs: 4_000,
  retries: { after: 'anything', forMs: 14_400_000, waitsMs: 5_000 },
  sample: 'track',
  setUp: [
    'In Segment’s Catalog, add the destination Webhooks to a source, with the URL of this one.',
    'Its setting sharedSecret, of your own making, goes into SEGMENT_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; segmentio/segment-docs destinations/catalog/webhooks @747b35d8f',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
