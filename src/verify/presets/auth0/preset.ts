/** Auth0 custom webhook log stream. */
import { custom } from '../../custom.ts';

export const auth0 = custom({
  name: 'auth0',
  title: 'Auth0 custom webhook log stream',
  forms: [{ in: { header: 'Authorization' }, algorithm: 'equal' }],
  id: [],
  type: [],
  items: { path: [], id: [['log_id']], type: [['data', 'type']] },
  keys: { log: [['*', 'log_id']] },
  retries: { after: 'anything' },
  sample: 'logs',
  setUp: [
    'In Auth0’s Dashboard, under Monitoring, Streams, create a Custom Webhook with the URL of this source, the content format JSON Array, and an authorization token of your own making.',
    'Put that into AUTH0_WEBHOOK_SECRET: it comes as it is.',
  ],
  known: {
    from: 'auth0.com/docs, log streams, custom webhook; hookdeck/webhook-skills skills/auth0-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'documentation',
});
