/** DHL Shipment Tracking – Unified Push. Nothing is signed: a subscription names the header in which its token comes. */
import { custom } from '../../custom.ts';

export const dhlUnifiedPush = custom({
  name: 'dhl-unified-push',
  title: 'DHL Shipment Tracking – Unified Push',
  forms: [{ in: { header: 'Authorization' }, algorithm: 'equal' }],
  id: [],
  type: [['scope']],
  keys: { tracking: [['shipments', '*', 'id']] },
  sample: 'shipment-pushed',
  setUp: [
    'Subscribe by DHL’s API with the URL of this source; hook.authentication is of the type ApiKeyAuthentication, its header Authorization, its token one of your own making.',
    'Put that token into DHL_UNIFIED_PUSH_WEBHOOK_SECRET.',
    'DHL is then said to send a first message with a secret, by which its API activates the subscription: `events show` has it, or, if it came without the token, the refused requests.',
  ],
  known: {
    from: 'developer.dhl.com, Shipment Tracking – Unified Push: its collection of requests of 2025-07; receivers in public code',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
