/** GitLab. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const gitlab = custom({
  name: 'gitlab',
  title: 'GitLab',
  forms: [standardForm('webhook'), { in: { header: 'X-Gitlab-Token' }, algorithm: 'equal' }],
  id: [{ header: 'webhook-id' }, { header: 'X-Gitlab-Event-UUID' }],
  type: [{ header: 'X-Gitlab-Event' }],
  sample: 'push',
  setUp: [
    'At GitLab, add the URL of this source as a webhook, and put the secret that it signs with into GITLAB_WEBHOOK_SECRET.',
  ],
  known: { from: 'docs.gitlab.com/user/project/integrations/webhooks', asOf: '2026-11' },
  shownBy: 'same form as standard-webhooks',
});
