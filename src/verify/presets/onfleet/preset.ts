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
  state: { of: [{ by: [['taskId']] }], at: [{ path: ['time'] }] },
  keys: { task: [['taskId']], worker: [['workerId']] },
  retries: { after: 'anything', forMs: 86_400_000 },
  sample: 'task-started',
  handshakes: [
    { when: { method: 'GET', 'query:check': /^[\w.~-]{1,200}$/ }, answer: { text: '{query:check}' } },
  ],
  setUp: [
    'In Onfleet’s dashboard, under Settings, API & Webhooks, add the URL of this source: one webhook for each trigger.',
    'The webhook secret is in the dashboard too: put its hexadecimal digits into ONFLEET_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'docs.onfleet.com/reference/secrets.md; rubydoc.info ruby-onfleet; public code; docs.onfleet.com/reference/webhooks, /reference/retry',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
