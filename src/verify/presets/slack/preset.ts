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
  sample: 'message',
  bodies: 'form',
  handshakes: [
    {
      when: { 'member:type': 'url_verification', 'member:challenge': /^[\w.~-]{1,200}$/ },
      signed: true,
      answer: { text: '{member:challenge}' },
    },
  ],
  setUp: [
    'At Slack, add the URL of this source as a webhook, and put the secret that it signs with into SLACK_WEBHOOK_SECRET.',
    'Events come as JSON; commands and interactions as forms, whose fields or payload event.data has.',
  ],
  known: { from: 'slackapi/python-slack-sdk tests/slack_sdk/signature', asOf: '2026-11' },
  shownBy: 'vector',
});
