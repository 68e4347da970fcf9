/**
 * Flatfile: the sender is the customer's own listener, so the scheme is the customer's choice. Flatfile suggests
 * X-Hub-Signature or a JWT whose claims are the body. The event forwarder puts its API token in every body.
 * Source: support.flatfile.com article 9518423; flatfile.com/docs, Secrets; FlatFilers/flatfile-plugins (forwarder and egress).
 */
import type { MemberPath, Preset } from '../../preset.ts';

const changed = {
  after: [
    'In Flatfile, replace the value under Secrets, of the environment or of the space that has its own.',
    'If your listener keeps it elsewhere than in event.secrets(…), replace it there and deploy it.',
  ],
  old: 'The old one works here as long as it is live here.',
};
const sha256 = { prefix: 'sha256=', encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' } as const;

function contextOf(name: string, ...others: readonly MemberPath[]): readonly MemberPath[] {
  return [['context', name], ['src', 'context', name], ...others];
}

export const flatfile = {
  name: 'flatfile',
  title: 'Flatfile',
  forms: [
    { ...sha256, in: { header: 'X-Hub-Signature-256' } },
    { ...sha256, in: { header: 'X-Hub-Signature' } },
  ],
  id: [['id'], ['src', 'id']],
  type: [['topic'], ['src', 'topic']],
  // From a listener, from the forwarder with the event in `src`, and from the egress with the workbook itself.
  keys: {
    space: contextOf('spaceId', ['workbook', 'spaceId']),
    workbook: contextOf('workbookId', ['workbook', 'id']),
    sheet: contextOf('sheetId', ['workbook', 'sheets', '*', 'id']),
    job: contextOf('jobId'),
  },
  cut: '_accessToken',
  bodyLimitBytes: 25 * 1_048_576,
  replyWithinMs: 20_000,
  retries: { after: 'nothing' },
  addressLists: {},
  sample: 'forwarded-records-updated',
  setUp: [
    'The sender is your own listener, so the scheme is your choice: a signature, a JWT whose claims are the body, or both.',
    'Keep the secret in Flatfile under Secrets, where the listener reads it with event.secrets(…).',
  ],
  rotation: { hmac: changed, jwt: changed },
} satisfies Preset;
