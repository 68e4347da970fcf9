/** GitHub. */
import { custom } from '../../custom.ts';

export const github = custom({
  name: 'github',
  title: 'GitHub',
  forms: [
    {
      in: { header: 'X-Hub-Signature-256' },
      prefix: 'sha256=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      signed: '{body}',
    },
  ],
  id: [{ header: 'X-GitHub-Delivery' }],
  type: [{ header: 'X-GitHub-Event' }],
  keys: { repository: [['repository', 'full_name']] },
  replyWithinMs: 8_000,
  retries: { after: 'nothing', waitsMs: 10_000 },
  sample: 'push',
  sampleType: 'push',
  bodies: 'form',
  setUp: [
    'In the repository or organization, under Settings, Webhooks, add the URL of this source with the content type application/json.',
    'The Secret there is of your own making: put it into GITHUB_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'octokit/webhooks-methods.js; docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
