/** Asana. */
import { custom } from '../../custom.ts';

export const asana = custom({
  name: 'asana',
  title: 'Asana',
  forms: [
    { in: { header: 'X-Hook-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [],
  items: { path: ['events'], id: [], type: [['resource', 'resource_type']] },
  replyWithinMs: 8_000,
  retries: { after: 'anything', forMs: 86_400_000, waitsMs: 10_000 },
  sample: 'task-changed',
  handshakes: [
    {
      when: { 'header:X-Hook-Secret': /^[\w.~+/=-]{16,200}$/ },
      answer: { headers: { 'X-Hook-Secret': '{header:X-Hook-Secret}' } },
      brings: { what: 'a secret', text: '{header:X-Hook-Secret}' },
    },
  ],
  setUp: [
    'Asana’s webhooks are made by its API (POST /webhooks), one for each resource, with the URL of this source as `target`.',
    'Put it into ASANA_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'a public registry of webhook providers; Asana/developer-docs _webhooks.html.md @3920826',
    asOf: '2026-11',
  },
  shownBy: 'same form as sendcloud',
});
