/** Standard Webhooks. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

export const standardWebhooks = custom({
  name: 'standard-webhooks',
  title: 'Standard Webhooks',
  forms: [
    standardForm('webhook'),
    {
      in: { header: 'webhook-signature' },
      layout: { list: ' ', tag: 'v1a', mark: ',' },
      encoding: 'base64',
      algorithm: 'ed25519',
      signed: '{header:webhook-id}.{time}.{body}',
      time: { from: 'header:webhook-timestamp', unit: 's' },
    },
  ],
  id: [{ header: 'webhook-id' }],
  type: [['type']],
  sample: 'contact-created',
  setUp: [
    'At the sender, register the URL of this source.',
    'Its secret, which begins with whsec_, or its public key, with whpk_, goes into STANDARD_WEBHOOKS_WEBHOOK_SECRET.',
  ],
  known: { from: 'standard-webhooks/standard-webhooks spec + tests; svix worker.rs', asOf: '2026-11' },
  shownBy: 'vector',
});
