/**
 * How a secret is changed at each provider, as data: the steps in their order, and what becomes of the old one. What a
 * provider does not document is said to be so. Shown by rotate.ts.
 *
 * Sources: apidocs.flexport.com, Webhook Endpoints; docs.goshippo.com/tracking/webhook-security; flintn-docs, Webhook
 * Secrets; flatfile.com/docs, Secrets.
 */
import type { SecretScheme } from './slots.ts';

/** Where the new secret is put into Consignee: that depends on this service’s own settings. */
export const HERE = Symbol('here');

export interface Guide {
  readonly steps: readonly (string | typeof HERE)[];
  /** What becomes of the old one. */
  readonly old: string;
}

const MAKE = 'Make a new one: npm run --silent secret -- generate';

/** The customer chooses it, so it can hold here before it holds there. */
const TOKEN: Guide = {
  steps: [MAKE, HERE, 'At the provider, replace what stands behind ?token= in the URL of the webhook.'],
  old: 'The old one works here as long as it is live here. Programs on the way log URLs: change tokens often.',
};

const GENERAL: Readonly<Record<SecretScheme, Guide>> = {
  token: TOKEN,
  hmac: {
    steps: [MAKE, HERE, 'Give it to the sender, who signs with it from now on.'],
    old: 'The old one works here as long as it is live here.',
  },
  jwt: {
    steps: [MAKE, HERE, 'Give it to the sender, who signs its tokens with it from now on.'],
    old: 'The old one works here as long as it is live here.',
  },
};

const IN_FLATFILE = [
  'In Flatfile, replace the value under Secrets, of the environment or of the space that has its own.',
  'If your listener keeps it elsewhere than in event.secrets(…), replace it there and deploy it.',
];

const GUIDES: Readonly<Record<string, Partial<Record<SecretScheme, Guide>>>> = {
  flexport: {
    hmac: {
      steps: [
        MAKE,
        HERE,
        'In Flexport’s account settings, open the webhook endpoint and replace its secret token. Each endpoint has its own.',
      ],
      old: 'Flexport documents no time in which both hold, so the old one must stay live here until the new one is seen.',
    },
  },
  shippo: {
    hmac: {
      steps: [
        'Ask your account manager at Shippo for a new HMAC secret: only their staff can set one, which takes up to 10 business days.',
        'Ask as well from when it holds: nothing is documented about that.',
        HERE,
      ],
      old: 'Shippo documents no time in which both hold, so keep both live here until the new one is seen.',
    },
    token: {
      steps: [
        MAKE,
        HERE,
        'At Shippo: Settings, API, Webhooks, Edit: replace what stands behind ?token= in the URL, and save. It holds at once.',
      ],
      old: TOKEN.old,
    },
  },
  flintn: {
    hmac: {
      steps: [
        'Open this machine’s settings beside the dashboard: between the next two steps nothing passes.',
        'At Flintn (hub.flintn.com/developers): Webhooks, Webhook Secret, Rotate Secret. Copy the new one: it is shown once, and all your webhooks share it.',
        HERE,
      ],
      old: 'Flintn’s old secret is dead the moment the new one exists. What comes in between is refused, but kept, and accepted by itself once the new one is live here.',
    },
  },
  flatfile: {
    hmac: { steps: [MAKE, HERE, ...IN_FLATFILE], old: GENERAL.hmac.old },
    jwt: { steps: [MAKE, HERE, ...IN_FLATFILE], old: GENERAL.jwt.old },
  },
};

export function guideTo(preset: string, scheme: SecretScheme): Guide {
  return (Object.hasOwn(GUIDES, preset) && GUIDES[preset]?.[scheme]) || GENERAL[scheme];
}
