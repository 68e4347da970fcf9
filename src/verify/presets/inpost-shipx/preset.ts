/** InPost ShipX. Nothing is signed: the addresses and the token in the URL prove who sends. */
import { custom } from '../../custom.ts';

export const inpostShipx = custom({
  name: 'inpost-shipx',
  title: 'InPost ShipX',
  forms: [],
  type: [['event']],
  addressLists: {
    'inpost-shipx': {
      addresses: ['91.216.25.0/24'],
      from: 'dokumentacja-inpost.atlassian.net Webhooks',
      asOf: '2026-11',
    },
  },
  handshakes: [{ when: { method: 'GET' }, answer: {} }],
  setUp: [
    'At InPost, add the URL of this source with `?token=…`, and put the token into INPOST_SHIPX_WEBHOOK_TOKEN.',
    'INPOST_SHIPX_ALLOW_FROM=inpost-shipx keeps others away as well.',
  ],
  known: { from: 'dokumentacja-inpost.atlassian.net Webhooks', asOf: '2026-11' },
  shownBy: 'documentation',
});
