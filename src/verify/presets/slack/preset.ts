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
  setUp: [
    'At api.slack.com/apps, open the app and give the URL of this source under Event Subscriptions as the Request URL.',
    'The Signing Secret under Basic Information, App Credentials, goes into SLACK_WEBHOOK_SECRET.',
    'It asks for its challenge once: a `reply` that returns { challenge: event.data.challenge } answers it.',
    'Events come as JSON; commands and interactions as forms: new URLSearchParams(event.body.toString()) reads them.',
  ],
  known: {
    from: 'slackapi/python-slack-sdk tests/slack_sdk/signature; hookdeck/webhook-skills skills/slack-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
