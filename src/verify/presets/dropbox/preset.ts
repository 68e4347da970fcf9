/** Dropbox. */
import { custom } from '../../custom.ts';

export const dropbox = custom({
  name: 'dropbox',
  title: 'Dropbox',
  forms: [
    { in: { header: 'X-Dropbox-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [],
  sample: 'list-folder',
  handshakes: [
    { when: { method: 'GET', 'query:challenge': /^[\w.~-]{1,200}$/ }, answer: { text: '{query:challenge}' } },
  ],
  setUp: [
    'At Dropbox, add the URL of this source as a webhook, and put the secret that it signs with into DROPBOX_WEBHOOK_SECRET.',
  ],
  known: { from: 'dropbox/mdwebhook app.py', asOf: '2026-11' },
  shownBy: 'same form as sendcloud',
});
