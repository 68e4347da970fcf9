/** Svix. */
import { custom } from '../../custom.ts';
import { standardForm } from '../standard-form.ts';

const ips = { from: 'svix/svix-docs public/webhook-ips.json', asOf: '2026-11' };

export const svix = custom({
  name: 'svix',
  title: 'Svix',
  forms: [standardForm('svix')],
  id: [{ header: 'svix-id' }],
  type: [['type']],
  replyWithinMs: 12_000,
  retries: {
    after: 'anything',
    forMs: 99_305_000,
    waitsMs: 15_000,
    afterwards: 'switches the endpoint off once everything has failed for 5 days',
  },
  addressLists: {
    'svix-us': {
      ...ips,
      addresses: [
        '44.228.126.217',
        '50.112.21.217',
        '52.24.126.164',
        '54.148.139.208',
        '2600:1f24:64:8000::/56',
      ],
    },
    'svix-us-east': { ...ips, addresses: ['54.164.207.221', '54.90.7.123', '2600:1f28:37:4000::/56'] },
    'svix-eu': {
      ...ips,
      addresses: ['52.215.16.239', '54.216.8.72', '63.33.109.123', '2a05:d028:17:8000::/56'],
    },
  },
  sample: 'user-created',
  setUp: [
    'On the webhooks page of the sender, which Svix serves, add an endpoint with the URL of this source.',
    'The signing secret of the endpoint, which begins with whsec_, goes into SVIX_WEBHOOK_SECRET.',
    'A sender may have the headers unbranded: if they begin with webhook-, take the preset standard-webhooks.',
  ],
  rotation: {
    hmac: {
      before: ['On the webhooks page of the sender, rotate the signing secret of the endpoint.'],
      after: [],
      old: 'For 24 hours Svix signs with both.',
    },
  },
  known: { from: 'svix/svix-webhooks go/webhook.go; svix/svix-docs @a3cf04a', asOf: '2026-11' },
  shownBy: 'vector',
});
