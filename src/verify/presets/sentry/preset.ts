/** Sentry integration platform. */
import { custom } from '../../custom.ts';

export const sentry = custom({
  name: 'sentry',
  title: 'Sentry integration platform',
  forms: [
    { in: { header: 'Sentry-Hook-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
    // Of what its UI components ask: issue links and actions of alert rules.
    { in: { header: 'Sentry-App-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [{ header: 'Request-ID' }],
  type: [{ header: 'Sentry-Hook-Resource' }],
  keys: { issue: [['data', 'issue', 'id']] },
  replyWithinMs: 800,
  retries: { after: 'nothing', waitsMs: 1_000 },
  sample: 'issue-created',
  sampleType: 'issue',
  setUp: [
    'In Sentry, under Settings, Developer Settings, create an integration with the URL of this source as the Webhook URL.',
    'Its Client Secret goes into SENTRY_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'docs.sentry.io; getsentry/integration-platform-example backend-py verify_sentry_signature.py; hookdeck/webhook-skills skills/sentry-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as sendcloud',
});
