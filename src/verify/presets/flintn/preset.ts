/**
 * Flintn. One secret per merchant, shared by all its webhooks; the old one dies the moment it is rotated.
 * Source: tutorvue-group.gitbook.io/flintn-docs, Webhooks and Configure Webhooks.
 */
import type { Preset } from '../../preset.ts';

export const flintn = {
  name: 'flintn',
  title: 'Flintn',
  hmac: [
    { header: 'X-Signature-Primary', layout: 'plain', prefix: '', algorithm: 'sha256', encoding: 'base64' },
  ],
  id: [['event_id']],
  type: [['event_type']],
  bodyLimitBytes: 1_048_576,
  replyWithinMs: 20_000,
  addressLists: {},
} satisfies Preset;
