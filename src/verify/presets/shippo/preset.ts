/**
 * Shippo. HMAC is switched on by Shippo's staff on request; token and addresses work at once. No event id.
 * Source: docs.goshippo.com/tracking/webhook-security. Their page shows the CGI name of the header only.
 */
import type { Preset } from '../../preset.ts';

const published = { from: 'docs.goshippo.com/tracking/webhook-security', asOf: '2026-11' };
const us = ['52.4.41.98', '52.23.121.194', '52.44.110.80', '54.81.253.187', '54.81.255.221'];
const eu = ['34.248.247.69', '34.253.119.130', '52.214.174.64', '54.72.179.250'];

const NUMBER = ['data', 'tracking_number'];
const [STATUS, SCANNED, RECORDED] = ['status', 'status_date', 'object_created'].map((name) => [
  'data',
  'tracking_status',
  name,
]) as [string[], string[], string[]];
/** Some carriers give days only: of two scans of one time, one of these is the later. One without a scan is still the end. */
const ENDS = ['DELIVERED', 'RETURNED', 'FAILURE'];
/** What these are dated with may be the time at which Shippo asked the carrier, which it does every two hours or so. */
const UNSCANNED = ['PRE_TRANSIT', 'UNKNOWN'];
/** What no scan vouches for comes before every scan of its parcel. Carriers use a number again after 120 days at the earliest. */
const BEFORE_A_SCAN_MS = 90 * 86_400_000;

export const shippo = {
  name: 'shippo',
  title: 'Shippo',
  forms: [
    {
      in: { header: 'Shippo-Auth-Signature' },
      layout: { pairs: ',', mac: 'v1' },
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{time}.{body}',
      time: { from: 'pair:t', unit: 's' },
    },
  ],
  id: [],
  type: [['event']],
  state: {
    where: { member: ['event'], is: ['track_updated'] },
    of: [
      { by: [['data', 'carrier'], NUMBER] },
      // The dashboard's test button writes the carrier there, or nowhere.
      { by: [['carrier'], NUMBER] },
      { by: [NUMBER] },
    ],
    at: [
      { path: SCANNED, where: { member: STATUS, is: ENDS }, earlierMs: -1 },
      { path: SCANNED, where: { member: STATUS, isNot: UNSCANNED } },
      { path: RECORDED, where: { member: STATUS, is: ENDS } },
      { path: SCANNED, earlierMs: BEFORE_A_SCAN_MS },
      { path: RECORDED, earlierMs: BEFORE_A_SCAN_MS },
    ],
    recordedAt: RECORDED,
    isOldestWithoutTime: true,
    says: STATUS,
  },
  keys: {
    tracking: [NUMBER],
    // The label: the transaction itself, and the tracks of its parcel.
    transaction: [
      ['data', 'object_id'],
      ['data', 'transaction'],
    ],
    order: [
      ['data', 'order'],
      ['data', 'order', 'object_id'],
    ],
  },
  // It says in which form `data` comes.
  keepHeaders: ['Shippo-API-Version'],
  bodyLimitBytes: 1_048_576,
  replyWithinMs: 2_500,
  // Two more tries, ten seconds apart by an earlier page.
  retries: { after: 'trouble', forMs: 20_000, waitsMs: 3_000 },
  addressLists: {
    'shippo-us': { ...published, addresses: us },
    'shippo-eu': { ...published, addresses: eu },
    shippo: { ...published, addresses: [...us, ...eu] },
  },
  sample: 'track-updated',
  setUp: [
    'At Shippo, under Settings, API, Webhooks, add the URL of this source; a token behind it, as in ?token=…, works at once.',
    'Shippo signs only once its staff have switched that on for you: ask your account manager for an HMAC secret.',
  ],
  rotation: {
    hmac: {
      before: [
        'Ask your account manager at Shippo for a new HMAC secret: only their staff can set one, which takes up to 10 business days.',
        'Ask as well from when it holds: nothing is documented about that.',
      ],
      after: [],
      old: 'Shippo documents no time in which both hold, so keep both live here until the new one is seen.',
    },
    token: {
      after: [
        'At Shippo: Settings, API, Webhooks, Edit: replace what stands behind ?token= in the URL, and save. It holds at once.',
      ],
      old: 'The old one works here as long as it is live here. Programs on the way log URLs: change tokens often.',
    },
  },
} satisfies Preset;
