/**
 * Senders that others have written sign here, with the packages that providers and the makers of Standard Webhooks publish for it: the
 * app takes what they send, and nothing of it with one bit changed. Slack has no package that signs.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { sign as signForGitHub } from '@octokit/webhooks-methods';
import { presets } from 'consignee';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Preset } from '../../../src/verify/preset.ts';
import { startApp } from '../../harness/app.ts';
import { flipBit } from '../verdict.ts';

const STANDARD = `whsec_${randomBytes(32).toString('base64')}`;
const TEXT = `s3cret-of-a-sender-${randomUUID()}`;
const stripe = new Stripe('sk_test_of_nobody');
type Headers = Readonly<Record<string, string>>;

function standardHeaders(prefix: string, webhook: Pick<StandardWebhook, 'sign'>, body: string): Headers {
  const [id, at] = [`msg_${randomUUID()}`, new Date()];
  const seconds = String(Math.floor(at.getTime() / 1_000));
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: seconds,
    [`${prefix}-signature`]: webhook.sign(id, at, body),
  };
}

const SENDERS: readonly (readonly [string, string, string, (body: string) => Headers | Promise<Headers>])[] =
  [
    [
      'standardwebhooks',
      'standard-webhooks',
      STANDARD,
      (body) => standardHeaders('webhook', new StandardWebhook(STANDARD), body),
    ],
    ['svix', 'svix', STANDARD, (body) => standardHeaders('svix', new SvixWebhook(STANDARD), body)],
    ['svix', 'clerk', STANDARD, (body) => standardHeaders('svix', new SvixWebhook(STANDARD), body)],
    [
      'stripe',
      'stripe',
      TEXT,
      (payload) => ({
        'Stripe-Signature': stripe.webhooks.generateTestHeaderString({ payload, secret: TEXT }),
      }),
    ],
    [
      '@octokit/webhooks-methods',
      'github',
      TEXT,
      async (body) => ({
        'X-Hub-Signature-256': await signForGitHub(TEXT, body),
        'X-GitHub-Delivery': randomUUID(),
        'X-GitHub-Event': 'push',
      }),
    ],
  ];

let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp(
    SENDERS.map(([, name, secret]) => ({
      name,
      preset: presets[name] as Preset,
      scheme: 'hmac',
      secrets: [secret],
    })),
  );
});
afterAll(() => app.stop());

const BODIES = [
  '{"id":"evt_1","type":"a.b","text":"d\u00e9j\u00e0 vu \u{1f4e6}"}',
  '{"id":"evt_2",  "type":"a.b","weight":1.0}\n',
];

test.each(SENDERS)('%s signs for %s', async (_package, name, _secret, headersFor) => {
  for (const body of BODIES) {
    const headers = { 'Content-Type': 'application/json', ...(await headersFor(body)) };
    const post = async (bytes: Buffer) => {
      const options = { method: 'POST', headers, body: new Uint8Array(bytes) };
      return (await fetch(`${app.url}/webhooks/${name}`, options)).status;
    };
    expect(await post(flipBit(Buffer.from(body), 100))).toBe(401);
    expect(await post(Buffer.from(body))).toBe(200);
  }
  expect(app.bodiesOf(name).map(String)).toEqual(BODIES);
});
