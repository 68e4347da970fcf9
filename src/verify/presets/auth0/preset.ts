/** Auth0 custom webhook log stream. */
import { custom } from '../../custom.ts';

export const auth0 = custom({
  name: 'auth0',
  title: 'Auth0 custom webhook log stream',
  forms: [{ in: { header: 'Authorization' }, algorithm: 'equal' }],
  id: [],
  type: [],
  items: { path: [], id: [['log_id']], type: [['data', 'type']] },
  setUp: [
    'At Auth0 custom webhook log stream, add the URL of this source as a webhook, and put the credential that it sends into AUTH0_WEBHOOK_SECRET.',
  ],
  known: { from: 'auth0.com/docs, log streams, custom webhook', asOf: '2026-11' },
  shownBy: 'documentation',
});
