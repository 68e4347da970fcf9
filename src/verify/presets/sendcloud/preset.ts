/** Sendcloud. */
import { custom } from '../../custom.ts';

export const sendcloud = custom({
  name: 'sendcloud',
  title: 'Sendcloud',
  forms: [
    { in: { header: 'Sendcloud-Signature' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' },
  ],
  id: [],
  type: [['action']],
  state: {
    where: { member: ['action'], is: ['parcel_status_changed'] },
    of: [{ by: [['parcel', 'id']] }],
    at: [{ path: ['timestamp'] }],
  },
  keys: { tracking: [['parcel', 'tracking_number']], parcel: [['parcel', 'id']] },
  sample: 'parcel-status-changed',
  setUp: [
    'In Sendcloud, open the settings of the integration and set its webhook URL to that of this source: each integration has its own.',
    'It signs with the Secret Key of the integration, or with its Webhook Signature Key where it has one: put that into SENDCLOUD_WEBHOOK_SECRET.',
  ],
  known: { from: 'sendcloud.dev/api/v2/webhooks, /api/v3/webhooks/index', asOf: '2026-11' },
  shownBy: 'vector',
});
