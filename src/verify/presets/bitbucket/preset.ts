/** Bitbucket Cloud. */
import { custom } from '../../custom.ts';

export const bitbucket = custom({
  name: 'bitbucket',
  title: 'Bitbucket Cloud',
  forms: [
    {
      in: { header: 'X-Hub-Signature' },
      prefix: 'sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [{ header: 'X-Request-UUID' }],
  type: [{ header: 'X-Event-Key' }],
  sample: 'push',
  setUp: [
    'At Bitbucket Cloud, add the URL of this source as a webhook, and put the secret that it signs with into BITBUCKET_WEBHOOK_SECRET.',
  ],
  known: { from: 'a public registry of webhook providers', asOf: '2026-11' },
  shownBy: 'same form as github',
});
