/** Twitch EventSub. */
import { custom } from '../../custom.ts';

export const twitch = custom({
  name: 'twitch',
  title: 'Twitch EventSub',
  forms: [
    {
      in: { header: 'Twitch-Eventsub-Message-Signature' },
      prefix: 'sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{header:Twitch-Eventsub-Message-Id}{time}{body}',
      time: { from: 'header:Twitch-Eventsub-Message-Timestamp', unit: 'date', toleranceSeconds: 600 },
    },
  ],
  id: [{ header: 'Twitch-Eventsub-Message-Id' }],
  type: [{ header: 'Twitch-Eventsub-Subscription-Type' }],
  handshakes: [
    {
      when: {
        'header:Twitch-Eventsub-Message-Type': 'webhook_callback_verification',
        'member:challenge': /^[\w.~-]{1,200}$/,
      },
      signed: true,
      answer: { text: '{member:challenge}' },
    },
  ],
  setUp: [
    'At Twitch EventSub, add the URL of this source as a webhook, and put the secret that it signs with into TWITCH_WEBHOOK_SECRET.',
  ],
  known: { from: 'dev.twitch.tv', asOf: '2026-11' },
  shownBy: 'same form as slack',
});
