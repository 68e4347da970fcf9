/** Twilio. */
import { custom } from '../../custom.ts';

const BY_TOKEN = {
  in: { header: 'X-Twilio-Signature' },
  encoding: 'base64',
  algorithm: 'hmac-sha1',
} as const;

export const twilio = custom({
  name: 'twilio',
  title: 'Twilio',
  // With a port or without, whatever is registered: its own libraries try each.
  forms: ['{url}', '{urlWithPort}', '{urlWithoutPort}'].flatMap((url) => [
    { ...BY_TOKEN, signed: `${url}{form}`, unlike: /[?&]bodySHA256=[\da-f]{64}$/ },
    { ...BY_TOKEN, signed: url, bodyDigest: { query: 'bodySHA256' } },
  ]),
  id: [{ header: 'I-Twilio-Idempotency-Token' }],
  type: [],
  bodies: 'form',
  // It takes the answer to a message or a call for TwiML: this does nothing, and anything but XML is its error 12300.
  answer: { type: 'text/xml', text: '<Response/>' },
  setUp: [
    'In Twilio’s Console, open the number under Phone Numbers, Manage, Active numbers, and give the URL of this source as the webhook for what comes in.',
    'It signs with the Auth Token of the account: put that into TWILIO_WEBHOOK_SECRET.',
    'It signs the URL: write it as it is registered there into TWILIO_PUBLIC_URL.',
    'Its bodies are forms: their fields are the members of event.data.',
  ],
  known: {
    from: 'twilio/twilio-node src/webhooks/webhooks.ts, spec/validation.spec.js; hookdeck/webhook-skills skills/twilio-webhooks; support.twilio.com articles/43761237850779 (error 12300)',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
