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
  keys: {
    psp: [['notificationItems', '*', 'NotificationRequestItem', 'pspReference']],
    order: [['notificationItems', '*', 'NotificationRequestItem', 'merchantReference']],
  },
  // Three times within half a minute, then from a queue.
  retries: { after: 'anything', forMs: 2_592_000_000 },
  setUp: [
    'In Adyen’s Customer Area, under Developers, Webhooks, add a Standard webhook with the URL of this source and the method JSON.',
    'Under Security there, generate its HMAC key, which is shown once: put it into ADYEN_WEBHOOK_SECRET. Test and live have one each.',
    'A delivery has one item: what has more is refused, since each would have a signature of its own.',
  ],
  known: {
    from: 'Adyen/adyen-node-api-library; docs.adyen.com verify-hmac-signatures, /development-resources/webhooks/troubleshoot; hookdeck/webhook-skills skills/adyen-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
