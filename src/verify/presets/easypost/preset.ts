/** EasyPost. */
import { custom } from '../../custom.ts';

export const easypost = custom({
  name: 'easypost',
  title: 'EasyPost',
  // The first is the one that its libraries check; the other is known from others' code only.
  forms: [
    {
      in: { header: 'X-Hmac-Signature' },
      prefix: 'hmac-sha256-hex=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      key: 'nfkd',
      signed: '{body}',
      unlike: /^(\d{4}-\d\d-|[A-Z][a-z]{2}, )/,
    },
    {
      in: { header: 'X-Hmac-Signature-V2' },
      prefix: 'hmac-sha256-hex=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      key: 'nfkd',
      signed: '{time}{method}{header:x-path}{body}',
      time: { from: 'header:x-timestamp', unit: 'date' },
    },
  ],
  id: [['id']],
  type: [['description']],
  state: {
    where: { member: ['result', 'object'], is: ['Tracker'] },
    of: [{ by: [['result', 'id']] }],
    at: [{ path: ['result', 'updated_at'] }],
  },
  keys: {
    tracking: [['result', 'tracking_code']],
    shipment: [['result', 'shipment_id']],
    object: [['result', 'id']],
  },
  replyWithinMs: 5_000,
  retries: { after: 'anything', waitsMs: 7_000 },
  sample: 'tracker-updated',
  setUp: [
    'On EasyPost’s account page, or by its API, create a webhook with the URL of this source and a `webhook_secret` of your own making.',
    'Put that into EASYPOST_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'EasyPost/easypost-node src/utils/util.js; EasyPost/examples fixtures; V2: public code; docs.easypost.com/guides/webhooks-guide, /docs/webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
