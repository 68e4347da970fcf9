/** EasyPost. */
import { custom } from '../../custom.ts';

export const easypost = custom({
  name: 'easypost',
  title: 'EasyPost',
  forms: [
    {
      in: { header: 'X-Hmac-Signature' },
      prefix: 'hmac-sha256-hex=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      key: 'nfkd',
      signed: '{body}',
    },
    {
      in: { header: 'X-Hmac-Signature-V2' },
      prefix: 'hmac-sha256-hex=',
      encoding: 'hex',
      algorithm: 'hmac-sha256',
      key: 'nfkd',
      signed: '{time}{method}{header:x-path}{body}',
      time: { from: 'header:x-timestamp', unit: 'date' },
    },
  ],
  id: [['id']],
  type: [['description']],
  sample: 'tracker-updated',
  setUp: [
    'At EasyPost, add the URL of this source as a webhook, and put the secret that it signs with into EASYPOST_WEBHOOK_SECRET.',
  ],
  known: {
    from: 'EasyPost/easypost-node src/utils/util.js; EasyPost/examples fixtures; V2: public code',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
