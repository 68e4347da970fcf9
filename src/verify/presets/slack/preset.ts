/** Slack Events / commands / interactivity. */
import { custom } from '../../custom.ts';

export const slack = custom({
  name: 'slack',
  title: 'Slack',
  forms: [
    {
      in: { header: 'X-Slack-Signature' },
      prefix: 'v0=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: 'v0:{time}:{body}',
      time: { from: 'header:X-Slack-Request-Timestamp', unit: 's' },
    },
  ],
  id: [['event_id']],
  type: [['event', 'type']],
  retries: { after: 'anything', waitsMs: 3_000 },
  sample: 'message',
  bodies: 'form',
  handshakes: [
    {
      when: { 'member:type': 'url_verification', 'member:challenge': /^[\w.~-]{1,200}$/ },
      signed: true,
      answer: { text: '{member:challenge}' },
    },
    // It looks at the certificate of a slash command's URL now and then.
    { when: { 'field:ssl_check': '1' }, signed: 'maybe', answer: {} },
  ],
  setUp: [
    'At api.slack.com/apps, open the app and give the URL of this source under Event Subscriptions as the Request URL.',
    'The Signing Secret under Basic Information, App Credentials, goes into SLACK_WEBHOOK_SECRET.',
    'Events come as JSON; commands and interactions as forms, whose fields or payload event.data has.',
  ],
  known: {
    from: 'slackapi/python-slack-sdk tests/slack_sdk/signature; slackapi/bolt-js src/receivers/HTTPModuleFunctions.ts; hookdeck/webhook-skills skills/slack-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
