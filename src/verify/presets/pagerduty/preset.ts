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
  keys: { incident: [['event', 'data', 'id']] },
  sample: 'incident-triggered',
  setUp: [
    'PagerDuty’s webhooks are made by its API (POST /webhook_subscriptions), with the URL of this source in `delivery_method`.',
    'The answer has `delivery_method.secret`, once: put it into PAGERDUTY_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'PagerDuty/go-pagerduty webhookv3; hookdeck/webhook-skills skills/pagerduty-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
