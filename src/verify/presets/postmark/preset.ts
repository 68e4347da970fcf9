/** Postmark. */
import { custom } from '../../custom.ts';

export const postmark = custom({
  name: 'postmark',
  title: 'Postmark',
  forms: [{ in: { header: 'Authorization' }, prefix: 'Basic ', encoding: 'base64', algorithm: 'equal' }],
  id: [],
  type: [['RecordType']],
  sample: 'delivery',
  setUp: [
    'At Postmark, add the URL of this source as a webhook, and put the credential that it sends into POSTMARK_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'documentation',
});
