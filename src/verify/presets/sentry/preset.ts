/** Sentry integration platform. */
import { custom } from '../../custom.ts';

export const sentry = custom({
  name: 'sentry',
  title: 'Sentry integration platform',
  forms: [
    { in: { header: 'Sentry-Hook-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [{ header: 'Request-ID' }],
  type: [{ header: 'Sentry-Hook-Resource' }],
  replyWithinMs: 800,
  sample: 'issue-created',
  setUp: [
    'At Sentry integration platform, add the URL of this source as a webhook, and put the secret that it signs with into SENTRY_WEBHOOK_SECRET.',
  ],
  known: { from: 'docs.sentry.io', asOf: '2026-11' },
  shownBy: 'same form as sendcloud',
});
