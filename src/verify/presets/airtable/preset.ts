/** Airtable. */
import { custom } from '../../custom.ts';

export const airtable = custom({
  name: 'airtable',
  title: 'Airtable',
  forms: [
    {
      in: { header: 'X-Airtable-Content-MAC' },
      prefix: 'hmac-sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      key: 'base64',
      signed: '{body}',
    },
  ],
  id: [],
  type: [],
  sample: 'ping',
  setUp: [
    'At Airtable, add the URL of this source as a webhook, and put the secret that it signs with into AIRTABLE_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'vector',
});
