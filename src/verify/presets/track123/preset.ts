/** Track123: its API, which signs inside the body, and its app for Shopify, which signs in headers and in milliseconds. */
import { custom } from '../../custom.ts';

export const track123 = custom({
  name: 'track123',
  title: 'Track123',
  forms: [
    {
      in: { header: 'X-Track123-Signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}',
      time: { from: 'header:X-Track123-Timestamp', unit: 'ms' },
    },
    ...(['s', 'ms'] as const).map((unit) => ({
      in: { member: 'verify.signature' },
      encoding: 'hex' as const,
      algorithm: 'hmac-sha256' as const,
      signed: '{time}',
      time: { from: 'member:verify.timestamp' as const, unit },
    })),
  ],
  id: [],
  type: [['data', 'transitStatus'], ['transitStatus']],
  keys: {
    tracker: [['data', 'id']],
    tracking: [['data', 'trackNo'], ['trackingNumber']],
    order: [['orderName']],
  },
  retries: { after: 'anything', forMs: 193_200_000 },
  setUp: [
    'At member.track123.com/webhook, add the URL of this source.',
    'It signs with your API key, and its app for Shopify with your token: put that into TRACK123_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'docs.track123.com/reference/getting-started-with-your-api.md; intercom.help/track123 article 9790020',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
