/** Events as objects in Cloud Storage: what is there afterwards, and what the inbox says of it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { headerSafe } from '../../../src/deliver/handlers/gcs.ts';
import {
  attempts,
  CONFIG,
  consignee,
  environmentFor,
  KNOBS,
  send,
  startWith,
} from '../../fixtures/google/writing.ts';
import { deliver, outcomes, signature, told, untilOutcome, workOf } from '../../harness/deliver.ts';
import { type Service, startService } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';
import { type Google, type StoredObject, startGoogle } from './google.ts';

const GCS = { prefix: 'in/' };
let google: Google;
let service: Service;

beforeAll(async () => {
  google = await startGoogle();
  service = await startWith(google, { gcs: GCS });
});
beforeEach(() => {
  google.asked.length = 0;
});
afterAll(async () => {
  await service.stop();
  await google.close();
});

const today = () => new Date().toISOString().slice(0, 10).replaceAll('-', '/');
const placeOf = (id: string) => `webhooks/in/objects/${today()}/${id}.json`;
const objectOf = (id: string) => google.objects.get(placeOf(id)) as StoredObject;
const uploads = () => google.asked.filter((asked) => asked.startsWith('POST /upload/')).length;

test('an event is an object under its day, its body to the byte', async () => {
  const body =
    ' {\r\n\t"id":  12345678901234567890,"type":"/shipment_leg#arrived", "a":1.0,"a":2,\n"t":"Gr\u00fc\u00dfe \u2028 \\ud83d {{projectId}}\\r\\n--"}\n\n';
  const id = await send(service, 'objects', body);
  await untilOutcome(service, id, 'done');
  const object = objectOf(id);
  expect(object.body.equals(Buffer.from(body))).toBe(true);
  expect(object.contentType).toBe('application/json');
  expect(object.metadata).toEqual({
    id,
    source: 'objects',
    type: '/shipment_leg#arrived',
    'external-id': '12345678901234567890',
    'received-at': expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  });
  expect(attempts(service, id)).toEqual([
    { outcome: 'done', status: '200', output: `gs://${placeOf(id)}`, error: null },
  ]);
  expect(workOf(service, id)).toEqual([]);
  expect(google.authorizations).toEqual([]);
});

test('bytes that are not UTF-8 stay as they are', async () => {
  const body = Buffer.concat([
    Buffer.from('{"x":"'),
    Buffer.from([0xff, 0x00, 0xc0, 0x80]),
    Buffer.from('"}'),
  ]);
  const { status, id } = await deliver(service, 'objects', body);
  expect(status).toBe(200);
  const { inboxPath, consolePort } = service;
  const env = { DATABASE_URL: `sqlite:${inboxPath}`, CONSOLE_PORT: String(consolePort) };
  await consignee(['events', 'replay', id], { ...environmentFor(google), ...env });
  await untilOutcome(service, id, 'done');
  expect(objectOf(id).body.equals(body)).toBe(true);
});

test('the content type is as received, unless it is none', async () => {
  const sent = ['application/vnd.flexport+json; charset=utf-8', 'nonsense', `a/b;${'x'.repeat(300)}`];
  const ids = [];
  for (const type of sent) {
    const body = told();
    const headers = { 'X-Hub-Signature-256': signature(body), 'Content-Type': type };
    const response = await fetch(`${service.url}/webhooks/objects`, { method: 'POST', headers, body });
    ids.push(((await response.json()) as { id: string }).id);
  }
  for (const id of ids) await untilOutcome(service, id, 'done');
  expect(ids.map((id) => objectOf(id).contentType)).toEqual([
    sent[0],
    'application/json',
    'application/json',
  ]);
});

test('a hostile type and id end up as short plain metadata', async () => {
  const type = `{{projectId}}\r\nX-Evil: 1 \u00fc ${'\u{1f600}'.repeat(5_000)}`;
  const id = await send(service, 'objects', JSON.stringify({ id: `\u0000${'\ud800'.repeat(4_000)}`, type }));
  await untilOutcome(service, id, 'done');
  const { metadata } = objectOf(id);
  expect(metadata.type).toMatch(/^%7B%7BprojectId%7D%7D%0D%0AX-Evil:%201%20%C3%BC%20%F0/);
  const text = JSON.stringify(metadata);
  expect(text).toMatch(/^[\x20-\x7e]*$/);
  expect(text.length).toBeLessThan(8_192);
});

test('texts for metadata are cut, whole and in ASCII', () => {
  expect(headerSafe('/shipment_leg#arrived')).toBe('/shipment_leg#arrived');
  expect(headerSafe('\ud83d')).toBe('%EF%BF%BD');
  expect(headerSafe(`${'x'.repeat(199)}\u{1f600}`)).toBe(`${'x'.repeat(199)}%EF%BF%BD`);
});

test('a retry after an answer that was cut off does not write twice', async () => {
  google.treat('cut');
  const id = await send(service, 'objects');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id)).toMatchObject([
    { outcome: 'retry', status: 'no answer', error: expect.stringContaining('no answer from Google') },
    { outcome: 'done', status: '412', output: `gs://${placeOf(id)} was there already`, error: null },
  ]);
  expect(uploads()).toBe(2);
  expect([...google.objects.keys()].filter((name) => name.includes(id))).toHaveLength(1);
});

test('an object of another event under the same name is not taken for this one', async () => {
  // Time enough to put another in its place.
  google.treat({ status: 503, retryAfter: '1' });
  const id = await send(service, 'objects');
  await untilOutcome(service, id, 'later');
  google.objects.set(placeOf(id), {
    body: Buffer.from('x'),
    contentType: 'x',
    metadata: {},
    crc32c: 'AAAAAA==',
  });
  await untilOutcome(service, id, 'dead');
  expect(attempts(service, id).at(-1)?.error).toContain('give each installation a prefix of its own');
  expect(objectOf(id).body.toString()).toBe('x');
});

test('an account that may only create finds out in its own way that the object is there', async () => {
  google.createOnly.add('webhooks');
  google.treat('cut');
  const id = await send(service, 'objects');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id)).toMatchObject([
    { outcome: 'retry', status: 'no answer' },
    { outcome: 'done', status: '403', output: `gs://${placeOf(id)} was there already` },
  ]);
  google.createOnly.clear();
});

test('429 with a time rests the target and does not count', async () => {
  google.treat({ status: 429, retryAfter: '1' });
  const id = await send(service, 'objects');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id)).toMatchObject([
    { outcome: 'later', status: '429', error: expect.stringContaining('Google answered 429: as told') },
    { outcome: 'done', status: '200' },
  ]);
  expect(uploads()).toBe(2);
});

test('503 is tried again by the inbox, and by nobody else', async () => {
  google.treat({ status: 503, html: true, message: 'The service is tired' }, { status: 500 });
  const id = await send(service, 'objects');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id)).toMatchObject([
    { outcome: 'retry', status: '503', output: expect.stringContaining('The service is tired') },
    { outcome: 'retry', status: '500' },
    { outcome: 'done' },
  ]);
  expect(uploads()).toBe(3);
});

test('a server that never answers is given up, its connection too, and then tried again', async () => {
  google.treat('never');
  const id = await send(service, 'objects');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id)).toMatchObject([
    { outcome: 'retry', status: 'no answer', error: expect.stringContaining('it took too long') },
    { outcome: 'done' },
  ]);
  await waitFor(
    () => google.hanging.size === 0,
    3_000,
    () => 'a connection is still open',
  );
  expect(service.lines().filter(({ level }) => level === 'error')).toEqual([]);
  // Nothing of the library's either.
  expect(
    service
      .output()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{')),
  ).toEqual([]);
});

test('a body that is too large for Google ends dead, and others go on', async () => {
  google.treat(...Array.from({ length: 4 }, () => ({ status: 413, message: 'too much' })));
  const id = await send(service, 'objects');
  await untilOutcome(service, id, 'dead');
  expect(outcomes(service, id)).toEqual(['retry', 'retry', 'retry', 'dead']);
  expect(attempts(service, id).at(-1)?.error).toBe('Declined: Google answered 413: too much');
  const other = await send(service, 'objects');
  await untilOutcome(service, other, 'done');
});

test('events wait while the bucket is missing or closed, and are written once it is not', async () => {
  google.buckets.delete('webhooks');
  const ids = await Promise.all([send(service, 'objects'), send(service, 'objects')]);
  for (const id of ids) await untilOutcome(service, id, 'retry');
  expect(attempts(service, ids[0] as string)[0]).toMatchObject({
    status: '404',
    error: expect.stringContaining('Look at the name of the bucket'),
  });
  google.forbidden.add('webhooks');
  google.buckets.add('webhooks');
  await waitFor(
    () => ids.some((id) => attempts(service, id).some(({ status }) => status === '403')),
    20_000,
    service.output,
  );
  google.forbidden.delete('webhooks');
  for (const id of ids) await untilOutcome(service, id, 'done');
  for (const id of ids) expect(objectOf(id).body.length).toBeGreaterThan(0);
  expect(service.lines().some(({ msg }) => String(msg).includes('takes nothing'))).toBe(true);
});

test('a server that is gone is no answer', async () => {
  const alone = await startGoogle();
  const other = await startWith(alone, { gcs: GCS });
  await alone.close();
  const id = await send(other, 'objects');
  await untilOutcome(other, id, 'retry');
  expect(attempts(other, id)[0]).toMatchObject({
    status: 'no answer',
    error: expect.stringMatching(/no answer from Google: .*ECONNREFUSED/),
  });
  await other.stop();
});

test('the emulator of the library’s own variable serves as well, and is shown no credentials', async () => {
  const { GOOGLE_URL: _, ...env } = environmentFor(google, { gcs: GCS });
  const other = await startService({
    config: CONFIG,
    knobs: KNOBS,
    env: { ...env, STORAGE_EMULATOR_HOST: google.url },
  });
  const id = await send(other, 'objects');
  await untilOutcome(other, id, 'done');
  expect(objectOf(id).metadata.id).toBe(id);
  expect(google.authorizations).toEqual([]);
  await other.stop();
});

test('without its key file nothing is sent', async () => {
  const other = await startWith(google, { gcs: { ...GCS, keyFile: '/nowhere/key.json' } });
  const id = await send(other, 'objects');
  await untilOutcome(other, id, 'retry');
  expect(attempts(other, id)[0]).toMatchObject({
    status: 'no answer',
    error: expect.stringContaining('ENOENT'),
  });
  expect(google.asked).toEqual([]);
  await other.stop();
});
