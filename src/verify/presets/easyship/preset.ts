/** Easyship: the header is a bare JWT that says which company it is for, and nothing of the body. */
import { custom } from '../../custom.ts';

export const easyship = custom({
  name: 'easyship',
  title: 'Easyship',
  jwt: {
    header: 'X-EASYSHIP-SIGNATURE',
    algorithm: 'HS256',
    binds: 'nothing',
    required: ['easyship_company_id'],
  },
  id: [],
  type: [['event_type']],
  keys: {
    tracking: [
      ['data', 'tracking_number'],
      ['label', 'tracking_number'],
    ],
    shipment: [['resource_id']],
    order: [
      ['data', 'platform_order_number'],
      ['label', 'platform_order_number'],
    ],
  },
  sample: 'shipment-label-created',
  retries: { after: 'anything', forMs: 1_800_000, afterwards: 'switches the webhook off' },
  setUp: [
    'In the dashboard under Connect, Webhooks, add the URL of this source, choose the events, and put its secret key (webh_…) into EASYSHIP_WEBHOOK_SECRET.',
    'Its token is not about the body: ask Easyship’s API for what matters, and set EASYSHIP_WEBHOOK_TOKEN as well.',
  ],
  known: {
    from: 'developers.easyship.com/reference/webhooks-guide, …/shipmentlabelcreated',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
