/**
 * Adobe I/O Events. It signs each event twice, with two keys that are the same for all its customers, and names the path of each key
 * at static.adobeioevents.com in a header: no form can say that yet, so one of the keys must be in the setting.
 */
import { custom } from '../../custom.ts';

export const adobeIoEvents = custom({
  name: 'adobe-io-events',
  title: 'Adobe I/O Events',
  forms: [
    {
      in: { headers: ['x-adobe-digital-signature-1', 'x-adobe-digital-signature-2'] },
      encoding: 'base64',
      algorithm: 'rsa-sha256',
      signed: '{body}',
    },
  ],
  id: [['eventid'], ['event_id'], { header: 'x-adobe-event-id' }],
  type: [['type'], { header: 'x-adobe-event-code' }],
  keys: { recipient: [['recipientclientid'], ['recipient_client_id']] },
  keepHeaders: ['x-adobe-public-key1-path', 'x-adobe-public-key2-path', 'x-adobe-retry-count'],
  bodyLimitBytes: 4_194_304,
  replyWithinMs: 8_000,
  retries: { after: 'trouble', forMs: 86_400_000, waitsMs: 10_000 },
  sample: 'change-segment',
  handshakes: [
    { when: { method: 'GET', 'query:challenge': /^[\w-]{1,100}$/ }, answer: { text: '{query:challenge}' } },
  ],
  setUp: [
    'In Adobe Developer Console, open the project and create an event registration with the URL of this source as its webhook.',
    'Its requests name the path of a key in x-adobe-public-key1-path, which the Debug Tracing tab shows: get it from https://static.adobeioevents.com and put the PEM into ADOBE_IO_EVENTS_WEBHOOK_SECRET.',
    'All customers of Adobe have one key: set ADOBE_IO_EVENTS_WEBHOOK_TOKEN as well and put ?token=… into the URL, or have a handler compare recipientclientid.',
  ],
  rotation: {
    signature: {
      after: [
        'Nobody says when Adobe changes its keys: the paths in the headers tell, and each event keeps them.',
      ],
      old: 'Adobe signs with two keys, so put the second one into ADOBE_IO_EVENTS_WEBHOOK_SECRET_PREVIOUS.',
    },
  },
  known: {
    from: 'AdobeDocs/adobe-io-events src/pages/guides/index.md, common/retry-doc.md, support/faq.md @3c0b8f6; adobe/aio-lib-events src/signatureUtils.js @495332c',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
