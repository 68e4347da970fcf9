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
  sample: 'task-changed',
  handshakes: [
    {
      when: { 'header:X-Hook-Secret': /^[\w.~+/=-]{16,200}$/ },
      answer: { headers: { 'X-Hook-Secret': '{header:X-Hook-Secret}' } },
      brings: { what: 'a secret', text: '{header:X-Hook-Secret}' },
    },
  ],
  setUp: [
    'At Asana, add the URL of this source as a webhook, and put the secret that it signs with into ASANA_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'same form as sendcloud',
});
