/** project44. */
import { custom } from '../../custom.ts';

export const project44 = custom({
  name: 'project44',
  title: 'project44',
  forms: [{ in: { header: 'Authorization' }, algorithm: 'equal' }],
  id: [],
  type: [],
  setUp: [
    'Webhooks of project44 are set by its API (PUT /api/v4/webhooks): give the URL of this source, and a header Authorization with a value of your own making.',
    'Put that whole value into PROJECT44_WEBHOOK_SECRET.',
  ],
  known: { from: 'developers.project44.com/api-reference/webhook-guide', asOf: '2026-11' },
  shownBy: 'documentation',
});
