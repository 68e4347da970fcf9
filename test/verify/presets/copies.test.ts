/**
 * Copies of a delivery whose signature is over what a form says and not over its bytes: whoever has caught one can write it in many
 * ways, and brings its event in once.
 */
import { custom, presets } from 'consignee';
import { afterAll, beforeAll, expect, test } from 'vitest';
import published from '../../fixtures/signatures/published.json' with { type: 'json' };
import { startApp } from '../../harness/app.ts';
import { SECRET } from '../../harness/project.ts';
import { opensslMac } from '../../harness/signing.ts';
import { ask, bytesOf, type Headers } from '../../harness/wire.ts';

const PUBLIC_URL = 'https://shop.example/webhooks/twilio';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp([
    {
      name: 'twilio',
      preset: presets.twilio as never,
      scheme: 'hmac',
      secrets: [SECRET],
      publicUrl: PUBLIC_URL,
    },
    { name: 'orders', preset: orders, scheme: 'hmac', secrets: [SECRET] },
    {
      name: 'braintree',
      preset: presets.braintree as never,
      scheme: 'hmac',
      secrets: ['integration_private_key'],
    },
    { name: 'gitlab', preset: presets.gitlab as never, scheme: 'hmac', secrets: [SECRET] },
  ]);
});
afterAll(() => app.stop());

/** Its status is not signed, and means something all the same. */
const orders = custom({
  name: 'orders',
  forms: [{ in: { field: 'mac' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{field:order}' }],
  bodies: 'form',
});

async function outcomeOf(source: string, headers: Headers, body: string): Promise<unknown> {
  const answer = await ask(app.port, bytesOf('POST', `/webhooks/${source}`, { ...FORM, ...headers }, body));
  return answer.status === 200 ? (JSON.parse(answer.body) as { status: string }).status : answer.status;
}

test('Twilio: fields in another order, and other letters encoded', async () => {
  const text = `${PUBLIC_URL}Bodyhi thereMessageSidSM1`;
  const mac = opensslMac(SECRET, text, 'sha1').toString('base64');
  const headers = { ...FORM, 'X-Twilio-Signature': mac, 'I-Twilio-Idempotency-Token': 'token-1' };
  for (const copy of [
    'Body=hi+there&MessageSid=SM1',
    'MessageSid=SM1&Body=hi+there',
    'Body=hi%20there&MessageSid=SM1',
    'Body=%68i+there&MessageSid=SM1',
  ]) {
    // It wants XML, whatever comes: anything else is its error 12300.
    const {
      status,
      body,
      headers: said,
    } = await ask(app.port, bytesOf('POST', '/webhooks/twilio', headers, copy));
    expect([status, said['content-type'], body]).toEqual([200, 'text/xml', '<Response/>']);
    expect(app.rowsOf('twilio')).toHaveLength(1);
  }
});

test('Braintree: fields that nobody signs, beside the one that is', async () => {
  const body = Buffer.from(published.find(({ provider }) => provider === 'braintree')?.body ?? '', 'base64');
  expect(await outcomeOf('braintree', {}, String(body))).toBe('accepted');
  const payload = /&(bt_payload=.*)$/.exec(String(body))?.[1];
  for (const copy of [
    `${body}&more=1`,
    `more=2&${body}`,
    `${payload}&${String(body).replace(`&${payload}`, '')}`,
  ])
    expect(await outcomeOf('braintree', {}, copy)).toBe('duplicate');
  expect(app.rowsOf('braintree')).toHaveLength(1);
});

test('where only a part is signed, what differs elsewhere is another event', async () => {
  const mac = opensslMac(SECRET, '7').toString('hex');
  for (const status of ['paid', 'shipped'])
    expect(await outcomeOf('orders', {}, `order=7&status=${status}&mac=${mac}`)).toBe('accepted');
  expect(await outcomeOf('orders', {}, `order=7&status=paid&mac=${mac}`)).toBe('duplicate');
});

test('GitLab: one cause may have many events, which its key for repeats tells apart', async () => {
  const send = (key: Headers, body: string) =>
    outcomeOf('gitlab', { 'X-Gitlab-Token': SECRET, 'X-Gitlab-Event-UUID': 'cause-1', ...key }, body);
  const push = '{"object_kind":"push"}';
  expect(await send({ 'Idempotency-Key': 'key-1' }, push)).toBe('accepted');
  expect(await send({ 'Idempotency-Key': 'key-1' }, push)).toBe('duplicate');
  expect(await send({ 'Idempotency-Key': 'key-2' }, '{"object_kind":"pipeline"}')).toBe('accepted');
  expect(app.rowsOf('gitlab').map(({ external_id: id }) => id)).toEqual(['key-1', 'key-2']);
  // Older ones have no such key.
  expect(await send({}, '{"object_kind":"note"}')).toBe('accepted');
});
