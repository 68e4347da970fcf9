/** UPS Track Alert. */
import { custom } from '../../custom.ts';

export const ups = custom({
  name: 'ups',
  title: 'UPS Track Alert',
  forms: [{ in: { header: 'credential' }, algorithm: 'equal' }],
  id: [],
  type: [['activityStatus', 'code']],
  keys: { tracking: [['trackingNumber']] },
  sample: 'out-for-delivery',
  setUp: [
    'At developer.ups.com/update-webhook, give the URL of this source and the credential that UPS is to send; with version 1 of Track Alert, both go with each subscription.',
    'Put the credential into UPS_WEBHOOK_SECRET. A subscription ends after 14 days.',
  ],
  known: {
    from: 'UPS-API/api-documentation UPSTrackAlertEnhanced.yaml; UPSTrackAlert.yaml @e6f36df',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
