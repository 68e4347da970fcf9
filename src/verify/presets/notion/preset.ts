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
    'At Notion, add the URL of this source as a webhook, and put the secret that it signs with into NOTION_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developers.notion.com/reference/webhooks; makenotion/notion-sdk-js src/webhooks.ts',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
