/** Salesforce Marketing Cloud, event notification service. */
import { custom } from '../../custom.ts';

export const salesforceMarketingCloud = custom({
  name: 'salesforce-marketing-cloud',
  title: 'Salesforce Marketing Cloud',
  forms: [
    {
      in: { header: 'x-sfmc-ens-signature' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  handshakes: [
    {
      when: { 'member:callbackId': /^[\w-]{1,64}$/, 'member:verificationKey': /^[\w-]{1,128}$/ },
      answer: {},
      brings: {
        what: 'a callbackId with its verificationKey',
        text: '{member:callbackId} {member:verificationKey}',
      },
    },
  ],
  setUp: [
    'At Salesforce, create a callback with the URL of this source, and put its signatureKey, letter for letter, into SALESFORCE_MARKETING_CLOUD_WEBHOOK_SECRET.',
    'Verify the callback there with the callbackId and the verificationKey that it sends.',
  ],
  known: { from: 'public code of receivers', asOf: '2026-11' },
  shownBy: 'same form as shopify',
});
