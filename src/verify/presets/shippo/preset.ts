/**
 * Shippo. HMAC is switched on by Shippo's staff on request; token and addresses work at once. No event id.
 * Source: docs.goshippo.com/tracking/webhook-security. Their page shows the CGI name of the header only.
 */
import type { Preset } from '../../preset.ts';

const published = { from: 'docs.goshippo.com/tracking/webhook-security', asOf: '2026-11' };
const us = ['52.4.41.98', '52.23.121.194', '52.44.110.80', '54.81.253.187', '54.81.255.221'];
const eu = ['34.248.247.69', '34.253.119.130', '52.214.174.64', '54.72.179.250'];

export const shippo = {
  name: 'shippo',
  title: 'Shippo',
  hmac: [
    {
      header: 'Shippo-Auth-Signature',
      layout: 'timestamped',
      prefix: '',
      algorithm: 'sha256',
      encoding: 'hex',
    },
  ],
  id: [],
  type: [['event']],
  // Carriers reuse numbers; the time tells the old parcel from the new one.
  state: {
    of: [
      ['data', 'carrier'],
      ['data', 'tracking_number'],
    ],
    at: [['data', 'tracking_status', 'status_date']],
  },
  bodyLimitBytes: 1_048_576,
  replyWithinMs: 2_500,
  addressLists: {
    'shippo-us': { ...published, addresses: us },
    'shippo-eu': { ...published, addresses: eu },
    shippo: { ...published, addresses: [...us, ...eu] },
  },
} satisfies Preset;
