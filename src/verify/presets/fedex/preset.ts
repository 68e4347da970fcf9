/** FedEx Advanced Integrated Visibility. */
import { custom } from '../../custom.ts';

export const fedex = custom({
  name: 'fedex',
  title: 'FedEx Advanced Integrated Visibility',
  forms: [
    { in: { header: 'fdx-signature' }, encoding: 'base64', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [],
  addressLists: {
    fedex: {
      addresses: ['20.65.16.22/31'],
      from: 'developer.fedex.com, shipment visibility webhook',
      asOf: '2026-11',
    },
  },
  setUp: [
    'At developer.fedex.com, under My Projects, Webhooks, create a webhook project for Advanced Integrated Visibility and give the URL of this source.',
    'Put the security token of the project into FEDEX_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'developer.fedex.com shipment-visibility-webhook: validation process; business rules and best practices; tracking-number-subscription',
    asOf: '2026-11',
  },
  shownBy: 'same form as shopify',
});
