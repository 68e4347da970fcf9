/** Notion. */
import { custom } from '../../custom.ts';

export const notion = custom({
  name: 'notion',
  title: 'Notion',
  forms: [
    {
      in: { header: 'X-Notion-Signature' },
      prefix: 'sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [['id']],
  type: [['type']],
  keys: { entity: [['entity', 'id']] },
  sample: 'page-created',
  cut: 'verification_token',
  handshakes: [
    {
      when: { 'member:verification_token': /^[\w.~+/=-]{16,200}$/, 'member:type': null },
      signed: 'maybe',
      answer: {},
      brings: { what: 'a secret', text: '{member:verification_token}' },
    },
  ],
  setUp: [
    'At notion.so/profile/integrations, open the integration and create a subscription with the URL of this source under Webhooks.',
    'Paste it there as the verification token, and put it into NOTION_WEBHOOK_SECRET: it signs from then on.',
  ],
  known: {
    from: 'developers.notion.com/reference/webhooks; makenotion/notion-sdk-js src/webhooks.ts; hookdeck/webhook-skills skills/notion-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
