/** Microsoft Graph change notifications. Nothing of them is signed: the token in the URL proves who sends. */
import { custom } from '../../custom.ts';

export const microsoftGraph = custom({
  name: 'microsoft-graph',
  title: 'Microsoft Graph change notifications',
  forms: [],
  id: [],
  type: [],
  handshakes: [
    {
      when: { 'query:validationToken': /^[\w .:;,+/=~-]{1,1000}$/ },
      signed: 'maybe',
      answer: { text: '{query:validationToken}' },
    },
  ],
  answer: { status: 202, text: '' },
  setUp: [
    'Create the subscription by POST /subscriptions with the URL of this source and `?token=…` as its notificationUrl.',
    'Put the token into MICROSOFT_GRAPH_WEBHOOK_TOKEN; the clientState of each item is in event.data, for a handler to compare.',
  ],
  known: { from: 'learn.microsoft.com/graph/change-notifications-delivery-webhooks', asOf: '2026-11' },
  shownBy: 'documentation',
});
