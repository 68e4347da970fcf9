/** CloudEvents over HTTP, from whoever sends them: in the body (structured), with their attributes in headers (binary), or in batches. */
import { custom } from '../../custom.ts';

export const cloudevents = custom({
  name: 'cloudevents',
  title: 'CloudEvents',
  forms: [{ in: { header: 'Authorization' }, prefix: 'Bearer ', algorithm: 'equal' }],
  // The headers first: the data of a binary one may have such members too.
  id: [{ all: [{ header: 'ce-source' }, { header: 'ce-id' }] }, { all: [['source'], ['id']] }],
  type: [{ header: 'ce-type' }, ['type']],
  // Of a batch. One that comes alone is handed over whole.
  items: { path: [], id: [['id']], type: [['type']] },
  keepHeaders: ['ce-specversion', 'ce-subject', 'ce-time', 'ce-dataschema'],
  bodies: 'any',
  handshakes: [
    {
      when: { method: 'OPTIONS', 'header:WebHook-Request-Origin': /^[\w.:-]{1,253}$/ },
      answer: {
        headers: {
          Allow: 'POST, OPTIONS',
          'WebHook-Allowed-Origin': '{setting:allowedOrigin=*}',
          'WebHook-Allowed-Rate': '{setting:allowedRate=*}',
        },
      },
    },
  ],
  sample: 'parcel-delivered',
  setUp: [
    'Give the sender the URL of this source, and put the bearer token that it sends into CLOUDEVENTS_WEBHOOK_SECRET.',
    'A sender that knows no bearer token, as Azure Event Grid, gets the URL with `?token=…`, and that goes into CLOUDEVENTS_WEBHOOK_TOKEN.',
  ],
  known: { from: 'cloudevents/spec http-webhook.md and bindings/http-protocol-binding.md', asOf: '2026-11' },
  shownBy: 'documentation',
});
