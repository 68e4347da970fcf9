/** Primer. */
import { custom } from '../../custom.ts';

export const primer = custom({
  name: 'primer',
  title: 'Primer',
  forms: [
    {
      in: { headers: ['X-Signature-Primary', 'X-Signature-Secondary'] },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}',
      time: { from: 'member:signedAt', unit: 's' },
    },
  ],
  id: [],
  type: [['eventType']],
  setUp: [
    'At Primer, add the URL of this source as a webhook, and put the secret that it signs with into PRIMER_WEBHOOK_SECRET.',
  ],
  known: { from: 'the provider’s documentation', asOf: '2026-11' },
  shownBy: 'same form as box',
});
