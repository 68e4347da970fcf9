/** Track123. */
import { custom } from '../../custom.ts';

export const track123 = custom({
  name: 'track123',
  title: 'Track123',
  forms: [
    {
      in: { member: 'verify.signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}',
      time: { from: 'member:verify.timestamp', unit: 's' },
    },
  ],
  id: [],
  type: [],
  keys: { tracker: [['data', 'id']] },
  retries: { after: 'anything', forMs: 193_200_000 },
  setUp: [
    'At member.track123.com/webhook, add the URL of this source.',
    'It signs with your API key: put that into TRACK123_WEBHOOK_SECRET.',
  ],
  known: { from: 'docs.track123.com/reference/getting-started-with-your-api.md', asOf: '2026-11' },
  shownBy: 'documentation',
});
