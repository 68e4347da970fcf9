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
  keys: {
    container: [['included', '*', 'attributes', 'number']],
    bill_of_lading: [['included', '*', 'attributes', 'bill_of_lading_number']],
    reference: [['included', '*', 'attributes', 'ref_numbers', '*']],
    object: [['data', 'relationships', 'reference_object', 'data', 'id']],
  },
  retries: { after: 'anything' },
  addressLists: {
    terminal49: {
      addresses: ['35.222.62.171', '3.230.67.145', '44.217.15.129'],
      from: 'github.com/Terminal49/API, webhooks.mdx',
      asOf: '2026-11',
    },
  },
  sample: 'container-transport',
  setUp: [
    'At app.terminal49.com/developers/webhooks, click Create Webhook Endpoint and give the URL of this source.',
    'The webhook has a secret: put it into TERMINAL49_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'Terminal49/API docs/api-docs/in-depth-guides/webhooks.mdx @22512f6; docs/api-docs/webhooks/payloads.mdx @8796ede',
    asOf: '2026-11',
  },
  shownBy: 'same form as sendcloud',
});
