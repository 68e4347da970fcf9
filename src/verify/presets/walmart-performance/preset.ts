/** Walmart Marketplace performance webhooks. */
import { custom } from '../../custom.ts';

export const walmartPerformance = custom({
  name: 'walmart-performance',
  title: 'Walmart Marketplace performance webhooks',
  forms: [
    {
      in: { header: 'WM_SEC.SIGNATURE' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{method}\n{target}\n{time}\n{sha256hex}',
      time: { from: 'header:WM_SEC.TIMESTAMP', unit: 's' },
    },
  ],
  id: [['source', 'eventId']],
  type: [
    ['payload', 'notificationType'],
    ['source', 'eventType'],
  ],
  keys: {
    partner: [['payload', 'partnerId']],
    order: [['payload', 'enNotification', 'alarms', '*', 'poNumbers', '*']],
  },
  retries: { after: 'anything', waitsMs: 3_000 },
  sample: 'alarms',
  setUp: [
    'Subscribe by Walmart’s API (POST /v3/webhooks/subscriptions) with the URL of this source as eventUrl: eventType SELLER_PERFORMANCE_NOTIFICATIONS, eventVersion V1, resourceName FEEDS.',
    'Put the secret that it signs with into WALMART_PERFORMANCE_WEBHOOK_SECRET.',
    'It signs the URL: write it as it is registered there into WALMART_PERFORMANCE_PUBLIC_URL.',
  ],
  known: {
    from: 'developer.walmart.com/us-marketplace/docs: security-and-authenticity, set-up-your-performance-webhooks-endpoint, event-catalog, troubleshooting-and-delivery-health; hookdeck/webhook-skills skills/walmart-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
