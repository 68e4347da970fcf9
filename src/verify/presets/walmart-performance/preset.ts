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
  id: [],
  type: [],
  setUp: [
    'At Walmart Marketplace performance webhooks, add the URL of this source as a webhook, and put the secret that it signs with into WALMART_PERFORMANCE_WEBHOOK_SECRET.',
    'It signs the URL: write it as it is registered there into WALMART_PERFORMANCE_PUBLIC_URL.',
  ],
  known: { from: 'developer.walmart.com/us-marketplace/docs/security-and-authenticity', asOf: '2026-11' },
  shownBy: 'documentation',
});
