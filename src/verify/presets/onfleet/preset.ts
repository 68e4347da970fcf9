/** Onfleet. */
import { custom } from '../../custom.ts';

export const onfleet = custom({
  name: 'onfleet',
  title: 'Onfleet',
  forms: [
    {
      in: { header: 'X-Onfleet-Signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha512',
      key: 'hex',
      signed: '{body}',
    },
  ],
  id: [],
  type: [['triggerName']],
  sample: 'task-started',
  handshakes: [
    { when: { method: 'GET', 'query:check': /^[\w.~-]{1,200}$/ }, answer: { text: '{query:check}' } },
  ],
  setUp: [
    'At Onfleet, add the URL of this source as a webhook, and put the secret that it signs with into ONFLEET_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'docs.onfleet.com/reference/secrets.md; rubydoc.info ruby-onfleet; public code',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
