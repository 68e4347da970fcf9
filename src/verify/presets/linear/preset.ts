/** Linear. */
import { custom } from '../../custom.ts';

export const linear = custom({
  name: 'linear',
  title: 'Linear',
  forms: [
    {
      in: { header: 'Linear-Signature' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
      time: { from: 'member:webhookTimestamp', unit: 'ms', toleranceSeconds: 60 },
    },
  ],
  id: [{ header: 'Linear-Delivery' }],
  type: [{ header: 'Linear-Event' }],
  keys: { issue: [['data', 'identifier']], object: [['data', 'id']] },
  sample: 'issue-created',
  sampleType: 'Issue',
  setUp: [
    'In Linear, under Settings, API, Webhooks, create a webhook with the URL of this source.',
    'Its signing secret is shown once: put it into LINEAR_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'the provider’s documentation; public spec; hookdeck/webhook-skills skills/linear-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as sendcloud',
});
