/** Box. */
import { custom } from '../../custom.ts';

export const box = custom({
  name: 'box',
  title: 'Box',
  forms: [
    {
      in: { headers: ['Box-Signature-Primary', 'Box-Signature-Secondary'] },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      signed: '{body}{time}',
      time: { from: 'header:Box-Delivery-Timestamp', unit: 'date', toleranceSeconds: 600 },
    },
  ],
  id: [['id']],
  type: [['trigger']],
  replyWithinMs: 20_000,
  retries: { after: 'anything', forMs: 7_200_000, waitsMs: 30_000 },
  sample: 'file-uploaded',
  setUp: [
    'At Box, add the URL of this source as a webhook, and put the secret that it signs with into BOX_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'box/box-python-sdk test/webhooks.py, box_sdk_gen/internal/utils.py; developer.box.com/guides/webhooks/v2',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
