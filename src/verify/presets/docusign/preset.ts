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
  keys: { envelope: [['data', 'envelopeId']] },
  sample: 'envelope-completed',
  setUp: [
    'In Docusign’s settings, under Connect, add a custom configuration with the URL of this source, and switch HMAC on.',
    'The HMAC key, made under Connect for the whole account, goes into DOCUSIGN_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; docusign.com/blog/dsdev-webhook-listeners-part-1',
    asOf: '2026-11',
  },
  shownBy: 'same form as box',
});
