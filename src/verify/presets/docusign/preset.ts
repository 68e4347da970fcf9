/** DocuSign Connect. */
import { custom } from '../../custom.ts';

export const docusign = custom({
  name: 'docusign',
  title: 'DocuSign Connect',
  forms: [
    {
      in: { headerSeries: 'X-DocuSign-Signature-', upTo: 100 },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [],
  type: [['event']],
  sample: 'envelope-completed',
  setUp: [
    'At DocuSign Connect, add the URL of this source as a webhook, and put the secret that it signs with into DOCUSIGN_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'same form as box',
});
