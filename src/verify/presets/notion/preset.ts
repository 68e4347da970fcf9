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
  setUp: [
    'At Notion, add the URL of this source as a webhook, and put the secret that it signs with into NOTION_WEBHOOK_SECRET.',
    'Its first request carries the secret: look for verification_token in what is refused, and set it.',
  ],
  known: {
    from: 'developers.notion.com/reference/webhooks; makenotion/notion-sdk-js src/webhooks.ts',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
