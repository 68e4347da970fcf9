/**
 * Flatfile: the sender is the customer's own listener, so the scheme is the customer's choice. Flatfile suggests
 * X-Hub-Signature or a JWT whose claims are the body. The event forwarder puts its API token in every body.
 * Source: support.flatfile.com article 9518423; FlatFilers/flatfile-plugins (forwarder and egress).
 */
import type { Preset } from '../../preset.ts';

const header = { layout: 'plain', prefix: 'sha256=', algorithm: 'sha256', encoding: 'hex' } as const;

export const flatfile = {
  name: 'flatfile',
  title: 'Flatfile',
  hmac: [
    { ...header, header: 'X-Hub-Signature-256' },
    { ...header, header: 'X-Hub-Signature' },
  ],
  id: [['id'], ['src', 'id']],
  type: [['topic'], ['src', 'topic']],
  cut: '_accessToken',
  bodyLimitBytes: 25 * 1_048_576,
  replyWithinMs: 20_000,
  addressLists: {},
} satisfies Preset;
