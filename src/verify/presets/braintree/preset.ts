/** Braintree. */
import { custom } from '../../custom.ts';

export const braintree = custom({
  name: 'braintree',
  title: 'Braintree',
  forms: [
    {
      in: { field: 'bt_signature' },
      layout: { list: '&', mark: '|' },
      encoding: 'hex',
      algorithm: 'hmac-sha1',
      key: 'sha1',
      signed: '{field:bt_payload}',
      signsAll: true,
      unlike: /^[a-f\d]{20,32}$/,
    },
  ],
  id: [],
  type: [],
  bodies: 'form',
  handshakes: [
    {
      when: { method: 'GET', 'query:bt_challenge': /^[a-f\d]{20,32}$/ },
      made: { algorithm: 'hmac-sha1', key: 'sha1', encoding: 'hex', of: '{query:bt_challenge}' },
      answer: { text: '{setting:publicKey}|{made}' },
    },
  ],
  setUp: [
    'In Braintree’s Control Panel, under Settings, API, Webhooks, create a webhook with the URL of this source as its destination URL.',
    'It signs with the private key of the account’s API keys: put that into BRAINTREE_WEBHOOK_SECRET.',
    'Its bodies are forms: their fields are the members of event.data.',
  ],
  known: {
    from: 'braintree/braintree_node lib/braintree/webhook_notification_gateway.js; braintree_python tests/unit/test_webhooks.py; developer.paypal.com/braintree/docs/guides/webhooks/overview; docs.zuora.com, Set up a webhook in Braintree',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
