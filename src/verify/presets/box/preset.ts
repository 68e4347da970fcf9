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
    'In Box’s Developer Console, open the app and, under Webhooks, create a V2 webhook with the URL of this source, or make it by the API (POST /webhooks).',
    'On the same tab, Manage signature keys, Generate Key: put the primary key into BOX_WEBHOOK_SECRET. The keys are those of the app, for all its webhooks.',
  ],
  known: {
    from: 'box/box-python-sdk test/webhooks.py, box_sdk_gen/internal/utils.py; developer.box.com/guides/webhooks, /v2, /v2/signatures-v2',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
