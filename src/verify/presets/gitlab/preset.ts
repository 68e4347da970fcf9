/** GitLab. */
import { custom } from '../../custom.ts';

export const gitlab = custom({
  name: 'gitlab',
  title: 'GitLab',
  forms: [
    {
      in: { header: 'webhook-signature' },
      layout: { list: ' ', tag: 'v1', mark: ',' },
      encoding: 'base64',
      algorithm: 'hmac-sha256',
      key: { base64After: 'whsec_' },
      signed: '{header:webhook-id}.{time}.{body}',
      time: { from: 'header:webhook-timestamp', unit: 's' },
    },
    { in: { header: 'X-Gitlab-Token' }, algorithm: 'equal' },
  ],
  id: [{ header: 'webhook-id' }, { header: 'X-Gitlab-Event-UUID' }],
  type: [{ header: 'X-Gitlab-Event' }],
  sample: 'push',
  setUp: [
    'At GitLab, add the URL of this source as a webhook, and put the secret that it signs with into GITLAB_WEBHOOK_SECRET.',
  ],
  known: { from: 'docs.gitlab.com/user/project/integrations/webhooks', asOf: '2026-11' },
  shownBy: 'same form as standard-webhooks',
});
