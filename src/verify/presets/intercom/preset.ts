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
    'In Intercom’s Developer Hub, open the app and give the URL of this source under Webhooks.',
    'The Client secret under Basic Information goes into INTERCOM_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; hookdeck/webhook-skills skills/intercom-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
