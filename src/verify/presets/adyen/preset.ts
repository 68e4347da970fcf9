/** Adyen (standard payments). */
import { custom } from '../../custom.ts';

export const adyen = custom({
  name: 'adyen',
  title: 'Adyen (standard payments)',
  forms: [
    {
      in: { member: 'notificationItems.0.NotificationRequestItem.additionalData.hmacSignature' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      key: 'hex',
      signed:
        '{member:notificationItems.0.NotificationRequestItem.pspReference}:{member:notificationItems.0.NotificationRequestItem.originalReference}:{member:notificationItems.0.NotificationRequestItem.merchantAccountCode}:{member:notificationItems.0.NotificationRequestItem.merchantReference}:{member:notificationItems.0.NotificationRequestItem.amount.value}:{member:notificationItems.0.NotificationRequestItem.amount.currency}:{member:notificationItems.0.NotificationRequestItem.eventCode}:{member:notificationItems.0.NotificationRequestItem.success}',
    },
  ],
  id: [],
  type: [['notificationItems', '0', 'NotificationRequestItem', 'eventCode']],
  items: {
    path: ['notificationItems'],
    id: [],
    type: [['NotificationRequestItem', 'eventCode']],
  },
  setUp: [
    'At Adyen (standard payments), add the URL of this source as a webhook, and put the secret that it signs with into ADYEN_WEBHOOK_SECRET.',
    'A delivery has one item: what has more is refused, since each would have a signature of its own.',
  ],
  known: { from: 'Adyen/adyen-node-api-library; docs.adyen.com verify-hmac-signatures', asOf: '2026-11' },
  shownBy: 'vector',
});
