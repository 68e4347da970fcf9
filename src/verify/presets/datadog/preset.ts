/** Datadog webhooks. */
import { custom } from '../../custom.ts';

export const datadog = custom({
  name: 'datadog',
  title: 'Datadog webhooks',
  forms: [{ in: { header: 'Authorization' }, algorithm: 'equal' }],
  // Its payload is a template, in which somebody may give all events of one alert the same id.
  id: [],
  type: [['event_type']],
  sample: 'monitor-alert',
  setUp: [
    'In Datadog, under Integrations, install Webhooks, and on its tile add a webhook with the URL of this source.',
    'Its custom headers are JSON: write {"Authorization": "…"} with a credential of your own making there, and put that into DATADOG_WEBHOOK_SECRET.',
    'Its payload is a template: keep "event_type": "$EVENT_TYPE" in it, which is the type.',
  ],
  known: {
    from: 'docs.datadoghq.com/api/latest/webhooks-integration; DataDog/Miscellany webhooks; DataDog/integrations-extras ilert/README.md',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
