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
  setUp: [
    'At Track123, add the URL of this source as a webhook, and put the secret that it signs with into TRACK123_WEBHOOK_SECRET.',
  ],
  known: { from: 'docs.track123.com/reference/getting-started-with-your-api.md', asOf: '2026-11' },
  shownBy: 'documentation',
});
