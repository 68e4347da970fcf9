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
  sample: 'push',
  bodies: 'form',
  setUp: [
    'At GitHub, add the URL of this source as a webhook, and put the secret that it signs with into GITHUB_WEBHOOK_SECRET.',
  ],
  known: { from: 'octokit/webhooks-methods.js', asOf: '2026-11' },
  shownBy: 'vector',
});
