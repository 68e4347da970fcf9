/** ShipStation, version 1 of its API. Nothing is signed: the token in the URL proves who sends, and the body is a URL to fetch. */
import { custom } from '../../custom.ts';

export const shipstationV1 = custom({
  name: 'shipstation-v1',
  title: 'ShipStation API v1',
  forms: [],
  type: [['resource_type']],
  sample: 'order-notify',
  setUp: [
    'Subscribe with POST https://ssapi.shipstation.com/webhooks/subscribe: target_url is the URL of this source with `?token=…`, event one of its topics, such as ORDER_NOTIFY.',
    'Put the token into SHIPSTATION_V1_WEBHOOK_TOKEN.',
    'What it sends is the address of what has changed (resource_url): a handler fetches it, with the API key and secret, and from ssapi.shipstation.com only.',
  ],
  known: {
    from: 'docs.shipstation.com/apis/shipstation-v1/docs/models/webhook; hookdeck/webhook-skills skills/shipstation-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
