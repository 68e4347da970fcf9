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
    'Leave its batch size at 0: of a batch Segment signs the first event alone, so batches are refused.',
  ],
  known: {
    from: 'segmentio/action-destinations packages/destination-actions/src/destinations/webhook; segmentio/segment-docs destinations/catalog/webhooks @747b35d8f',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
