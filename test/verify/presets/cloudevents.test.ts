/** CloudEvents as the SDK of the specification sends them, through the app and a socket; and its handshake. */
import { CloudEvent, HTTP } from 'cloudevents';
import { cloudevents, microsoftGraph } from 'consignee';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readContent } from '../../../src/inbox/identity.ts';
import { shapeOf } from '../../../src/inbox/shape.ts';
import { startApp } from '../../harness/app.ts';
import { SECRET } from '../../harness/project.ts';
import { ask, bytesOf, type Headers } from '../../harness/wire.ts';

const source = { preset: cloudevents, scheme: 'hmac', secrets: [SECRET] } as const;
let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp([
    ...['binary', 'structured', 'batch', 'modes', 'same'].map((name) => ({ ...source, name })),
    { ...source, name: 'with-token', scheme: 'token' },
    {
      ...source,
      name: 'pinned',
      handshakeTexts: { allowedOrigin: ['eventgrid.azure.net'], allowedRate: ['120'] },
    },
    { preset: microsoftGraph, name: 'graph', scheme: 'token', secrets: [SECRET] },
  ]);
});
afterAll(() => app.stop());

const eventOf = (id: string, data: unknown = { parcel: 'é' }, from = '/carriers/a') =>
  new CloudEvent({ id, source: from, type: 'com.example.parcel', subject: 'parcel-1', data });

async function post(name: string, { headers, body }: { headers: unknown; body: unknown }, token = SECRET) {
  const response = await fetch(`${app.url}/webhooks/${name}`, {
    method: 'POST',
    headers: { ...(headers as Headers), Authorization: `Bearer ${token}` },
    body: body as string,
  });
  return (await response.json()) as { status: string | number; id: string };
}
const namesOf = (name: string) =>
  app.rowsOf(name).map(({ external_id, type, held }) => [external_id, type, held]);

test('binary: the headers say what it is, and the body is the data', async () => {
  const message = HTTP.binary(eventOf('a-1'));
  const first = await post('binary', message);
  expect(first.status).toBe('accepted');
  expect(await post('binary', message)).toEqual({ status: 'duplicate', id: first.id });
  expect(namesOf('binary')).toEqual([['/carriers/a a-1', 'com.example.parcel', null]]);
  const [row] = app.rowsOf('binary');
  expect(JSON.parse(String(row?.headers))).toMatchObject({ 'ce-subject': 'parcel-1', 'ce-id': 'a-1' });
  expect(String(row?.headers)).not.toContain(SECRET);
  expect(Buffer.from(row?.body as Uint8Array).toString()).toBe('{"parcel":"é"}');
});

test('structured: the body says it, and the same event in either mode is one', async () => {
  const [binary, structured] = [HTTP.binary(eventOf('m-1')), HTTP.structured(eventOf('m-1'))];
  expect((await post('structured', structured)).status).toBe('accepted');
  expect(namesOf('structured')).toEqual([['/carriers/a m-1', 'com.example.parcel', null]]);
  const contentOf = ({ headers, body }: typeof binary) =>
    readContent('one', shapeOf(cloudevents), Buffer.from(String(body)), { headers: JSON.stringify(headers) });
  expect(contentOf(binary).identity).toEqual(contentOf(structured).identity);
});

test('its identity is source and id together, and no two of them are one', async () => {
  for (const [from, id] of [
    ['/a', '1'],
    ['/b', '1'],
    ['/a', '2'],
    ['/a%20', '1'],
    ['/a', '%201'],
  ] as const)
    expect((await post('same', HTTP.binary(eventOf(id, { n: `${from} ${id}` }, from)))).status).toBe(
      'accepted',
    );
  expect(new Set(app.rowsOf('same').map(({ external_id }) => external_id)).size).toBe(5);
  expect(namesOf('same').every(([, , held]) => held === null)).toBe(true);
});

test('the data of a binary event does not name it, whatever its members are', async () => {
  await post('modes', HTTP.binary(eventOf('d-1', { source: '/evil', id: 'x', type: 'evil' })));
  expect(namesOf('modes')).toEqual([['/carriers/a d-1', 'com.example.parcel', null]]);
});

test('a bearer proves headers as much as the body: one body under many ids is many events', async () => {
  for (let at = 0; at < 12; at++)
    expect((await post('modes', HTTP.binary(eventOf(`h-${at}`, {})))).status).toBe('accepted');
  expect(namesOf('modes').filter(([, , held]) => held !== null)).toEqual([]);
});

test('data that is no JSON, or none at all, is no reason to hold it', async () => {
  for (const [id, body] of [
    ['t-1', 'a text'],
    ['t-2', ''],
  ] as const) {
    const headers = { ...HTTP.binary(eventOf(id)).headers, 'content-type': 'text/plain' };
    expect((await post('modes', { headers, body })).status).toBe('accepted');
  }
  expect(namesOf('modes').slice(-2)).toEqual([
    ['/carriers/a t-1', 'com.example.parcel', null],
    ['/carriers/a t-2', 'com.example.parcel', null],
  ]);
});

test('a batch is stored once, to the byte', async () => {
  const body = JSON.stringify([eventOf('b-1'), eventOf('b-2')]);
  const message = { headers: { 'Content-Type': 'application/cloudevents-batch+json' }, body };
  const first = await post('batch', message);
  expect(first.status).toBe('accepted');
  expect(await post('batch', message)).toEqual({ status: 'duplicate', id: first.id });
  expect(app.bodiesOf('batch')).toEqual([Buffer.from(body)]);
});

test('without the bearer, or with another one, nothing is stored', async () => {
  const message = HTTP.structured(eventOf('x-1'));
  expect((await post('batch', message, 'another-token-that-is-long-enough')).status).toBe(401);
  const bare = await fetch(`${app.url}/webhooks/batch`, {
    method: 'POST',
    headers: message.headers as Headers,
    body: String(message.body),
  });
  expect(bare.status).toBe(401);
  expect(app.rowsOf('batch')).toHaveLength(1);
});

const options = (name: string, headers: Headers) =>
  ask(app.port, bytesOf('OPTIONS', `/webhooks/${name}`, headers));

test('OPTIONS grants what the settings say', async () => {
  const asked = { 'WebHook-Request-Origin': 'eventgrid.azure.net', 'WebHook-Request-Rate': '120' };
  expect(await options('modes', asked)).toMatchObject({
    status: 200,
    headers: { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*', allow: 'POST, OPTIONS' },
  });
  expect((await options('pinned', asked)).headers).toMatchObject({
    'webhook-allowed-origin': 'eventgrid.azure.net',
    'webhook-allowed-rate': '120',
  });
  expect((await options('pinned', { 'WebHook-Request-Origin': 'evil.example' })).headers).toMatchObject({
    'webhook-allowed-origin': 'eventgrid.azure.net',
  });
});

test('OPTIONS that asks for nothing is refused, and so is one that lacks the token of the URL', async () => {
  expect(await options('modes', {})).toMatchObject({ status: 405, headers: { allow: 'POST, OPTIONS' } });
  expect((await options('modes', { 'WebHook-Request-Origin': 'a b' })).status).toBe(405);
  const asked = { 'WebHook-Request-Origin': 'eventgrid.azure.net' };
  expect((await options('with-token', asked)).status).toBe(401);
  expect((await options(`with-token?token=${SECRET}`, asked)).status).toBe(200);
  expect((await options(`with-token?token=${SECRET}&token=${SECRET}`, asked)).status).toBe(401);
});

test('Microsoft Graph gets its token back, and 202 for what is stored', async () => {
  const target = `/webhooks/graph?token=${SECRET}`;
  const text = 'Validation: Testing client application reachability for subscription Request-Id: 1';
  const query = new URLSearchParams({ validationToken: text });
  expect(await ask(app.port, bytesOf('POST', `${target}&${query}`))).toMatchObject({
    status: 200,
    body: text,
  });
  expect(app.rowsOf('graph')).toEqual([]);
  expect(await ask(app.port, bytesOf('POST', target, {}, '{"value":[]}'))).toMatchObject({
    status: 202,
    body: '',
  });
  expect(app.bodiesOf('graph')).toEqual([Buffer.from('{"value":[]}')]);
});
