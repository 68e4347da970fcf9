/**
 * Walmart Marketplace, notifications of its events API. A subscription chooses how it proves itself; its HMAC is left out, as Walmart
 * does not say how that is written.
 */
import { custom } from '../../custom.ts';

export const walmartNotifications = custom({
  name: 'walmart-notifications',
  title: 'Walmart Marketplace notifications',
  forms: [{ in: { header: 'Authorization' }, prefix: 'Basic ', encoding: 'base64', algorithm: 'equal' }],
  id: [['source', 'eventId']],
  type: [['source', 'eventType']],
  retries: { after: 'anything', forMs: 3_900_000 },
  setUp: [
    'Subscribe by Walmart’s API (POST /v3/webhooks/subscriptions) with the URL of this source as eventUrl, and authDetails of the authMethod BASIC_AUTH with a userName and a password of your own making.',
    'Put userName:password into WALMART_NOTIFICATIONS_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developer.walmart.com/us-marketplace/docs: subscribe-to-an-event-notification, event-catalog',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
