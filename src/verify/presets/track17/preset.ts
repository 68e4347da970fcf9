/**
 * 17TRACK, from version 2 of its API. What it sends is no HMAC: the SHA-256 of the body, a slash and the key. We could not read its own
 * page; receivers in public code that did agree on this, word for word, and nobody has published a signature.
 */
import { custom } from '../../custom.ts';

export const track17 = custom({
  name: 'track17',
  title: '17TRACK',
  forms: [{ in: { header: 'sign' }, encoding: 'hex', algorithm: 'digest-sha256', signed: '{body}/{key}' }],
  id: [],
  type: [['event']],
  keys: { tracking: [['data', 'number']] },
  retries: { after: 'anything' },
  sample: 'tracking-updated',
  setUp: [
    'At admin.17track.net/api/settings, give the URL of this source under WebHook.',
    'It signs with the security key that is on that page too, and opens its API: put that into TRACK17_WEBHOOK_SECRET.',
    'Notices of the kind TRACKING_STOPPED are said to come unsigned: they are refused, and kept among the refused requests.',
  ],
  known: {
    from: 'asset.17track.net/api/document/v2_en, as public receivers quote it; agritheory/shipstation_integration test_seventeen_track.py, docs/17track.md @00e7388; help.17track.net article 37470032453529',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
