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
  keys: { repository: [['repository', 'full_name']] },
  sample: 'push',
  sampleType: 'repo:push',
  setUp: [
    'In the repository, under Repository settings, Webhooks, or in the workspace, add the URL of this source.',
    'Its Secret, yours or one that is generated there, goes into BITBUCKET_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'support.atlassian.com/bitbucket-cloud/docs/manage-webhooks; hookdeck/webhook-skills skills/bitbucket-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
