/** project44. */
import { custom } from '../../custom.ts';

export const project44 = custom({
  name: 'project44',
  title: 'project44',
  forms: [{ in: { header: 'Authorization' }, algorithm: 'equal' }],
  id: [],
  type: [],
  setUp: [
    'At project44, add the URL of this source as a webhook, and put the credential that it sends into PROJECT44_WEBHOOK_SECRET.',
  ],
  known: { from: 'developers.project44.com/api-reference/webhook-guide', asOf: '2026-11' },
  shownBy: 'documentation',
});
