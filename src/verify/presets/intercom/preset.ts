/** Intercom. */
import { custom } from '../../custom.ts';

export const intercom = custom({
  name: 'intercom',
  title: 'Intercom',
  forms: [
    {
      in: { header: 'X-Hub-Signature' },
      prefix: 'sha1=',
      encoding: 'hex',
      algorithm: 'hmac-sha1',
      signed: '{body}',
    },
  ],
  id: [['id']],
  type: [['topic']],
  sample: 'conversation-created',
  handshakes: [{ when: { method: 'HEAD' }, answer: {} }],
  setUp: [
    'At Intercom, add the URL of this source as a webhook, and put the secret that it signs with into INTERCOM_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'documentation',
});
