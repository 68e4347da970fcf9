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
  setUp: [
    'At Linear, add the URL of this source as a webhook, and put the secret that it signs with into LINEAR_WEBHOOK_SECRET.',
  ],
  known: { from: 'the provider’s documentation; public spec', asOf: '2026-11' },
  shownBy: 'same form as sendcloud',
});
