/**
 * Salesforce Marketing Cloud, event notification service. Its key looks like base64, and its page uses it as it is; receivers in public
 * code do not agree about that.
 */
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
  items: { path: [], id: [], type: [['eventCategoryType']] },
  retries: { after: 'anything', forMs: 604_800_000 },
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
    'At Salesforce, create a callback with the URL of this source.',
    'Verify the callback there with both, and put its signatureKey, letter for letter, into SALESFORCE_MARKETING_CLOUD_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developer.salesforce.com/docs/marketing/marketing-cloud/guide/ens-notification-signing; flueframework.com/docs/ecosystem/channels/salesforce-marketing-cloud',
    asOf: '2026-11',
  },
  shownBy: 'same form as shopify',
});
