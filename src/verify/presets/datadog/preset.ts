/** Datadog webhooks. */
import { custom } from '../../custom.ts';

export const datadog = custom({
  name: 'datadog',
  title: 'Datadog webhooks',
  forms: [{ in: { header: 'Authorization' }, algorithm: 'equal' }],
  id: [],
  type: [],
  setUp: [
    'At Datadog webhooks, add the URL of this source as a webhook, and put the credential that it sends into DATADOG_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'documentation',
});
