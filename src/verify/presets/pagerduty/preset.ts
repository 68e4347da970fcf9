/** PagerDuty V3. */
import { custom } from '../../custom.ts';

export const pagerduty = custom({
  name: 'pagerduty',
  title: 'PagerDuty V3',
  forms: [
    {
      in: { header: 'X-PagerDuty-Signature' },
      layout: { pairs: ',', mac: 'v1' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [['event', 'id']],
  type: [['event', 'event_type']],
  sample: 'incident-triggered',
  setUp: [
    'At PagerDuty V3, add the URL of this source as a webhook, and put the secret that it signs with into PAGERDUTY_WEBHOOK_SECRET.',
  ],
  known: { from: 'PagerDuty/go-pagerduty webhookv3', asOf: '2026-11' },
  shownBy: 'vector',
});
