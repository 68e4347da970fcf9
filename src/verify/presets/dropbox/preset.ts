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
  retries: { after: 'anything', forMs: 600_000 },
  sample: 'list-folder',
  handshakes: [
    { when: { method: 'GET', 'query:challenge': /^[\w.~-]{1,200}$/ }, answer: { text: '{query:challenge}' } },
  ],
  setUp: [
    'In Dropbox’s App Console, open the app and add the URL of this source under Webhooks.',
    'The app secret goes into DROPBOX_WEBHOOK_SECRET.',
  ],
  known: { from: 'dropbox/mdwebhook app.py; dropbox.com/developers/reference/webhooks', asOf: '2026-11' },
  shownBy: 'same form as sendcloud',
});
