/** Discord. */
import { custom } from '../../custom.ts';

export const discord = custom({
  name: 'discord',
  title: 'Discord',
  forms: [
    {
      in: { header: 'X-Signature-Ed25519' },
      encoding: 'hex',
      algorithm: 'ed25519',
      signed: '{time}{body}',
      time: { from: 'header:X-Signature-Timestamp', unit: 's' },
    },
  ],
  id: [],
  type: [['event', 'type']],
  retries: { after: 'anything', forMs: 600_000, waitsMs: 3_000 },
  handshakes: [
    // Of interactions. An event has the type 1 too.
    { when: { 'member:type': '1', 'member:event.type': null }, signed: true, answer: { json: { type: 1 } } },
    { when: { 'member:type': '0' }, signed: true, answer: { status: 204 } },
  ],
  answer: { status: 204, text: '' },
  setUp: [
    'At discord.com/developers/applications, open the app and give the URL of this source under Webhooks, Endpoint.',
    'The Public Key under General Information goes into DISCORD_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'discord/discord-api-docs developers/events/webhook-events.mdx, developers/interactions/overview.mdx',
    asOf: '2026-11',
  },
  shownBy: 'same form as standard-webhooks',
});
