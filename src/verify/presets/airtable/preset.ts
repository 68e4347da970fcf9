/** Airtable. */
import { custom } from '../../custom.ts';

export const airtable = custom({
  name: 'airtable',
  title: 'Airtable',
  forms: [
    {
      in: { header: 'X-Airtable-Content-MAC' },
      prefix: 'hmac-sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      key: 'base64',
      signed: '{body}',
    },
  ],
  id: [],
  type: [],
  keys: { base: [['base', 'id']], webhook: [['webhook', 'id']] },
  sample: 'ping',
  setUp: [
    'Airtable’s webhooks are made by its API (POST /v0/bases/{baseId}/webhooks), one for each base, with the URL of this source as `notificationUrl`. Each lasts seven days unless it is refreshed.',
    'The answer has macSecretBase64, which is given once: put it into AIRTABLE_WEBHOOK_SECRET.',
    'What it sends says only that something has changed: ask its API for the payloads.',
  ],
  known: {
    from: 'gtalarico/pyairtable pyairtable/models/webhook.py, pyairtable/api/base.py, tests/test_models_webhook.py; support.airtable.com, Webhooks overview; nango.dev/docs/api-integrations/airtable/webhooks; api-evangelist/airtable',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
