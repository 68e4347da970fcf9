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
  keys: { subscription: [['subscription', 'id']], broadcaster: [['event', 'broadcaster_user_id']] },
  sample: 'stream-online',
  sampleType: 'stream.online',
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
    'Subscriptions are made by Twitch’s API (POST /helix/eventsub/subscriptions), with the transport { method: webhook }, the URL of this source as `callback`, and a `secret` of your own making.',
    'Put that into TWITCH_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'dev.twitch.tv; twitchdev/twitch-cli internal/events/trigger/forward_event.go',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
