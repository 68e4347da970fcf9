/** Events as rows in BigQuery: what is there afterwards, and what the inbox says of it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { attempts, send, startWith } from '../../fixtures/google/writing.ts';
import { outcomes, told, untilOutcome, workOf } from '../../harness/deliver.ts';
import type { Service } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';
import { type Google, newTable, type StoredRow, type StoredTable, startGoogle } from './google.ts';

let google: Google;
let service: Service;

beforeAll(async () => {
  google = await startGoogle();
  service = await startWith(google);
});
beforeEach(() => {
  google.asked.length = 0;
  google.batches.length = 0;
});
afterAll(async () => {
  await service.stop();
  await google.close();
});

const table = (name = 'shipping.events') => google.tables.get(name) as StoredTable;
const rowsOf = (id: string, name?: string) => table(name).rows.filter((row) => row.id === id);

function sendMany(many: number, body: (at: number) => string = () => told()): Promise<string[]> {
  return Promise.all(Array.from({ length: many }, (_, at) => send(service, 'rows', body(at))));
}

/** Only rows whose payload says so. */
const refuse =
  (reason: string, message: string) =>
  ({ payload }: StoredRow) =>
    payload?.includes('refuse me') ? { reason, message } : undefined;

test('an event is a row: its id, its arrival in UTC, and its body as text', async () => {
  const body =
    '{\t"id": 12345678901234567890, "type":"/shipment_leg#arrived","a":1.0,\n"t":"Gr\u00fc\u00dfe \u2028\u{1f600} {{projectId}}"}\n';
  const before = Date.now();
  const id = await send(service, 'rows', body);
  await untilOutcome(service, id, 'done');
  expect(rowsOf(id)).toEqual([
    {
      id,
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/),
      source: 'rows',
      type: '/shipment_leg#arrived',
      payload: body,
    },
  ]);
  const at = Date.parse(`${rowsOf(id)[0]?.ts?.replace(' ', 'T')}Z`);
  expect(at).toBeGreaterThanOrEqual(before - 1_000);
  expect(at).toBeLessThanOrEqual(Date.now());
  expect(attempts(service, id)).toEqual([{ outcome: 'done', status: '200', output: null, error: null }]);
  expect(workOf(service, id)).toEqual([]);
  expect(google.authorizations).toEqual([]);
});

test('an event without a type is a row without one', async () => {
  const id = await send(service, 'rows', '{"id":"typeless"}');
  await untilOutcome(service, id, 'done');
  expect(rowsOf(id)).toMatchObject([{ type: null, payload: '{"id":"typeless"}' }]);
});

test('many events are few requests, also of two sources', async () => {
  const ids = await Promise.all([
    sendMany(80),
    Promise.all(Array.from({ length: 40 }, () => send(service, 'more-rows'))),
  ]);
  for (const id of ids.flat()) await untilOutcome(service, id, 'done');
  for (const id of ids.flat()) expect(rowsOf(id)).toHaveLength(1);
  expect(google.batches.reduce((sum, rows) => sum + rows)).toBe(120);
  expect(google.batches.length).toBeLessThan(40);
  expect(rowsOf(ids[1][0] as string)[0]?.source).toBe('more-rows');
});

test('one bad row among fifty is declined, and holds up nobody', async () => {
  google.treat(...Array.from({ length: 10 }, () => refuse('invalid', 'Could not parse it')));
  const ids = await sendMany(50, (at) => told(at === 20 ? 'refuse me' : 'ok'));
  const bad = ids[20] as string;
  for (const id of ids) await untilOutcome(service, id, id === bad ? 'dead' : 'done');
  expect(outcomes(service, bad)).toEqual(['retry', 'retry', 'retry', 'dead']);
  expect(attempts(service, bad)[0]).toEqual({
    outcome: 'retry',
    status: 'invalid',
    output: 'Could not parse it',
    error: 'Declined: BigQuery refuses the row: Could not parse it',
  });
  for (const id of ids) expect(rowsOf(id)).toHaveLength(id === bad ? 0 : 1);
  for (const id of ids.filter((one) => one !== bad)) expect(outcomes(service, id)).toEqual(['done']);
  // Fifty, and the bad one three times more.
  expect(google.batches.reduce((sum, rows) => sum + rows)).toBe(53);
  google.clearTreatments();
});

test('rows that were stopped by another are inserted at once', async () => {
  google.treat(({ payload }) =>
    payload?.includes('refuse me')
      ? { reason: 'invalid', message: 'bad' }
      : { reason: 'stopped', message: '' },
  );
  const ids = await sendMany(10, (at) => told(at === 3 ? 'refuse me' : 'ok'));
  for (const id of ids) await untilOutcome(service, id, 'done');
  for (const id of ids) expect(rowsOf(id)).toHaveLength(1);
  const [bad, ...others] = [ids[3] as string, ...ids.filter((_, at) => at !== 3)];
  expect(outcomes(service, bad)).toEqual(['retry', 'done']);
  for (const id of others) expect(outcomes(service, id)).toEqual(['done']);
});

test('a refusal that is not about the row is tried again', async () => {
  google.treat(() => ({ reason: 'backendError', message: 'later' }));
  const id = await send(service, 'rows');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id)[0]).toMatchObject({ error: 'Unavailable: BigQuery refuses the row: later' });
  expect(rowsOf(id)).toHaveLength(1);
});

test('an answer that was cut off leads to one row', async () => {
  google.treat('cut');
  const id = await send(service, 'rows');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id)).toMatchObject([
    { outcome: 'retry', status: 'no answer' },
    { outcome: 'done' },
  ]);
  expect(google.batches).toEqual([1, 1]);
  expect(rowsOf(id)).toHaveLength(1);
});

test('429 with a time rests the target and does not count', async () => {
  google.treat({ status: 429, retryAfter: '1' });
  const id = await send(service, 'rows');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id)).toMatchObject([
    { outcome: 'later', status: '429', output: 'as told' },
    { outcome: 'done' },
  ]);
  expect(rowsOf(id)).toHaveLength(1);
});

test('503 is tried again by the inbox, and by nobody else', async () => {
  google.treat({ status: 503, html: true, message: 'tired' }, { status: 500 }, { status: 408 });
  const id = await send(service, 'rows');
  await untilOutcome(service, id, 'done');
  expect(attempts(service, id).map(({ status }) => status)).toEqual(['503', '500', '408', '200']);
  expect(google.asked).toHaveLength(4);
  expect(rowsOf(id)).toHaveLength(1);
});

test('a server that never answers is given up, its connection too, and then tried again', async () => {
  google.treat('never');
  const ids = await sendMany(5);
  for (const id of ids) await untilOutcome(service, id, 'done');
  const late = ids.flatMap((id) => attempts(service, id)).filter(({ outcome }) => outcome === 'retry');
  expect(late.length).toBeGreaterThan(0);
  expect(late[0]).toMatchObject({ error: 'Unavailable: no answer from Google: it took too long' });
  for (const id of ids) expect(rowsOf(id)).toHaveLength(1);
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

test('a batch that is too large goes in halves, down to the row that is', async () => {
  google.treat(
    { status: 413 },
    { status: 400, message: 'Request payload size exceeds the limit: 10485760 bytes.' },
  );
  const ids = await sendMany(8);
  for (const id of ids) await untilOutcome(service, id, 'done');
  for (const id of ids) expect(rowsOf(id)).toHaveLength(1);
  google.treat(...Array.from({ length: 4 }, () => ({ status: 413, message: 'too much' })));
  const alone = await send(service, 'rows');
  await untilOutcome(service, alone, 'dead');
  expect(attempts(service, alone).at(-1)?.error).toBe('Declined: Google answered 413: too much');
});

test('a row that is too large for BigQuery is dead at once, and never sent', async () => {
  const id = await send(service, 'rows', JSON.stringify({ id: 'large', quotes: '"'.repeat(5_100_000) }));
  await untilOutcome(service, id, 'dead');
  expect(attempts(service, id)).toMatchObject([
    {
      outcome: 'dead',
      error: expect.stringMatching(/^Declined: its row takes \d{8} bytes, and BigQuery at most/),
    },
  ]);
  expect(google.asked).toEqual([]);
});

test('events wait while the table is missing or closed, and are written once it is not', async () => {
  google.tables.delete('shipping.events');
  const ids = await sendMany(3);
  for (const id of ids) await untilOutcome(service, id, 'retry');
  expect(attempts(service, ids[0] as string)[0]).toMatchObject({
    status: '404',
    error: expect.stringMatching(/Not found: Table .*Run `npm run setup`, which creates the table/),
  });
  google.treat({ status: 403, message: 'Access Denied' });
  await waitFor(
    () =>
      ids.some((id) => attempts(service, id).some(({ error }) => error?.includes('BigQuery Data Editor'))),
    20_000,
    service.output,
  );
  google.tables.set('shipping.events', newTable());
  for (const id of ids) await untilOutcome(service, id, 'done');
  for (const id of ids) expect(rowsOf(id)).toHaveLength(1);
});

test('the old table of three columns lacks two: the events say so, and outlive it', async () => {
  google.tables.set('shipping.events', newTable('old'));
  const id = await send(service, 'rows');
  await waitFor(() => attempts(service, id).length > 5, 20_000, service.output);
  expect(attempts(service, id)[0]).toMatchObject({
    status: 'invalid',
    output: 'no such field: source.',
    error: expect.stringContaining(
      'no such field: source. Run `npm run setup`, which adds the missing columns',
    ),
  });
  google.tables.set('shipping.events', newTable());
  await untilOutcome(service, id, 'done');
  expect(rowsOf(id)).toHaveLength(1);
});

test('a stop in the middle of a batch loses and doubles nothing', async () => {
  const other = await startWith(google, { bigquery: { timeoutMs: 20_000 } });
  google.treat('never');
  const id = await send(other, 'rows');
  await waitFor(() => google.hanging.size > 0, 20_000, other.output);
  expect(await other.kill('SIGTERM')).toBe(0);
  expect(workOf(other, id)).toEqual([{ handler: 'rows/insert', state: 'pending', attempts: 0 }]);
  await waitFor(
    () => google.hanging.size === 0,
    3_000,
    () => 'a connection is still open',
  );
});
