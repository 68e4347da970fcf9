/** GitLab. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const gitlab = custom({
  name: 'gitlab',
  title: 'GitLab',
  forms: [standardForm('webhook'), { in: { header: 'X-Gitlab-Token' }, algorithm: 'equal' }],
  // The last is that of the cause: what a webhook sets off has the same.
  id: [{ header: 'webhook-id' }, { header: 'Idempotency-Key' }, { header: 'X-Gitlab-Event-UUID' }],
  type: [{ header: 'X-Gitlab-Event' }],
  keys: { project: [['project', 'path_with_namespace']] },
  sample: 'push',
  sampleType: 'Push Hook',
  setUp: [
    'In the project or group, under Settings, Webhooks, add the URL of this source.',
    'A signing token, which begins with whsec_, or else the Secret token of your own making goes into GITLAB_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'docs.gitlab.com/user/project/integrations/webhooks; gitlabhq/gitlabhq app/services/web_hook_service.rb; gitlab-org/gitlab merge requests 230944 and 231325; hookdeck/webhook-skills skills/gitlab-webhooks',
    asOf: '2026-11',
  },
  shownBy: 'same form as standard-webhooks',
});
