/** Meta / WhatsApp Cloud API. */
import { custom } from '../../custom.ts';

export const meta = custom({
  name: 'meta',
  title: 'Meta / WhatsApp Cloud API',
  forms: [
    {
      in: { header: 'X-Hub-Signature-256' },
      prefix: 'sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [],
  type: [['object']],
  items: { path: ['entry'], id: [], type: [] },
  sample: 'messages',
  setUp: [
    'At Meta / WhatsApp Cloud API, add the URL of this source as a webhook, and put the secret that it signs with into META_WEBHOOK_SECRET.',
    'It asks the URL by GET before it is registered, which Consignee does not answer yet.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'same form as github',
});
