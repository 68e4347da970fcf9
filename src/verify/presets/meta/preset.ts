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
  retries: { after: 'anything' },
  sample: 'messages',
  handshakes: [
    {
      when: {
        method: 'GET',
        'query:hub.mode': 'subscribe',
        'query:hub.verify_token': '{secret:verifyToken}',
        'query:hub.challenge': /^[\w.~-]{1,200}$/,
      },
      answer: { text: '{query:hub.challenge}' },
    },
  ],
  setUp: [
    'In Meta’s App Dashboard, under Webhooks, give the URL of this source as the callback URL.',
    'The app secret goes into META_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'Secreto31126/whatsapp-api-js; WhatsApp/WhatsApp-Nodejs-SDK src/api/webhooks.ts; developers.facebook.com/docs/whatsapp/cloud-api/guides/set-up-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
