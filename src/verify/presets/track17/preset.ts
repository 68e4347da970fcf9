/** 17TRACK. */
import { custom } from '../../custom.ts';

export const track17 = custom({
  name: 'track17',
  title: '17TRACK',
  forms: [{ in: { header: 'sign' }, encoding: 'hex', algorithm: 'digest-sha256', signed: '{body}/{key}' }],
  id: [],
  type: [['event']],
  sample: 'tracking-updated',
  setUp: [
    'At 17TRACK, add the URL of this source as a webhook, and put the secret that it signs with into TRACK17_WEBHOOK_SECRET.',
  ],
  known: { from: 'public code (v1); v2 recalled', asOf: '2026-11' },
  shownBy: 'documentation',
});
