/** Salesforce’s outbound messages. Nothing is signed: the token in the URL proves who sends. They are SOAP, and so is the answer. */
import { custom } from '../../custom.ts';

export const salesforceOutbound = custom({
  name: 'salesforce-outbound',
  title: 'Salesforce outbound messages',
  forms: [],
  type: [],
  bodies: 'any',
  retries: { after: 'anything', forMs: 86_400_000, waitsMs: 60_000 },
  answer: {
    type: 'text/xml',
    text: '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>',
  },
  setUp: [
    'At Salesforce, in Setup under Workflow Actions, Outbound Messages, give the URL of this source with `?token=…` as the endpoint URL.',
    'Put the token into SALESFORCE_OUTBOUND_WEBHOOK_TOKEN.',
    'One message has up to a hundred notifications, each with an id that a later try repeats: event.body has the bytes of its XML.',
  ],
  known: {
    from: 'developer.salesforce.com SOAP API Developer Guide sforce_api_om_outboundmessaging_notifications; help.salesforce.com workflow_om_considerations',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
