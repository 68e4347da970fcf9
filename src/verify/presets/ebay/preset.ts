/** eBay: its keys are fetched with an application's token, so one fetches them oneself. It signs with SHA-1 only. */
import { custom } from '../../custom.ts';

export const ebay = custom({
  name: 'ebay',
  title: 'eBay Notification API',
  forms: [
    {
      in: { header: 'X-EBAY-SIGNATURE' },
      layout: { json64: 'signature' },
      encoding: 'base64',
      algorithm: 'ecdsa-sha1',
      signed: '{body}',
    },
  ],
  id: [['notification', 'notificationId']],
  type: [['metadata', 'topic']],
  sample: 'account-deletion',
  setUp: [
    'Fetch the public key by getPublicKey of the Notification API: decoded from base64, X-EBAY-SIGNATURE of a delivery names it as kid. Put it into EBAY_WEBHOOK_SECRET, or several into its file, one a line.',
    'The key is the same for many receivers: set EBAY_WEBHOOK_TOKEN as well and put ?token=… into the URL.',
  ],
  known: { from: 'eBay/event-notification-nodejs-sdk lib/validator.js, test/test.json', asOf: '2026-11' },
  shownBy: 'vector',
});
