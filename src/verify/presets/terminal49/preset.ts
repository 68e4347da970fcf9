/** Terminal49. */
import { custom } from '../../custom.ts';

export const terminal49 = custom({
  name: 'terminal49',
  title: 'Terminal49',
  forms: [
    {
      in: { header: 'X-T49-Webhook-Signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [['data', 'id']],
  type: [['data', 'attributes', 'event']],
  addressLists: {
    terminal49: {
      addresses: ['35.222.62.171', '3.230.67.145', '44.217.15.129'],
      from: 'github.com/Terminal49/API, webhooks.mdx',
      asOf: '2026-11',
    },
  },
  sample: 'container-transport',
  setUp: [
    'At Terminal49, add the URL of this source as a webhook, and put the secret that it signs with into TERMINAL49_WEBHOOK_SECRET.',
  ],
  known: { from: 'Terminal49/API docs/api-docs/in-depth-guides/webhooks.mdx @22512f6', asOf: '2026-11' },
  shownBy: 'same form as sendcloud',
});
