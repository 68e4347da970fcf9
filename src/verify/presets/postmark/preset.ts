/** Postmark. */
import { custom } from '../../custom.ts';

export const postmark = custom({
  name: 'postmark',
  title: 'Postmark',
  forms: [{ in: { header: 'Authorization' }, prefix: 'Basic ', encoding: 'base64', algorithm: 'equal' }],
  id: [],
  type: [['RecordType']],
  keys: { message: [['MessageID']], recipient: [['Recipient']] },
  sample: 'delivery',
  setUp: [
    'In Postmark, open the server and add under Webhooks the URL of this source, with a user and a password of your own making: https://user:password@….',
    'Put user:password into POSTMARK_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; hookdeck/webhook-skills skills/postmark-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
