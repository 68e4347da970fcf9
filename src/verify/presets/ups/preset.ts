/** UPS Track Alert. */
import { custom } from '../../custom.ts';

export const ups = custom({
  name: 'ups',
  title: 'UPS Track Alert',
  forms: [{ in: { header: 'credential' }, algorithm: 'equal' }],
  id: [],
  type: [['activityStatus', 'code']],
  setUp: [
    'At UPS Track Alert, add the URL of this source as a webhook, and put the credential that it sends into UPS_WEBHOOK_SECRET.',
  ],
  known: { from: 'UPS-API/api-documentation UPSTrackAlertEnhanced.yaml', asOf: '2026-11' },
  shownBy: 'documentation',
});
