/** The parts of bigquery by themselves: the fate of each row, batches, and what answers mean. */
import { expect, test } from 'vitest';
import { Declined, Unavailable } from '../../../src/deliver/handler.ts';
import {
  bytesOf,
  type Fates,
  insertRows,
  rowOf,
  type TableRow,
} from '../../../src/deliver/handlers/bigquery/insert.ts';
import { rowBatcher } from '../../../src/deliver/handlers/bigquery.ts';
import { answerOf, unavailable } from '../../../src/deliver/handlers/google.ts';

const NEVER = new AbortController().signal;
const DONE = { result: { status: 200 } };

function rows(many: number): TableRow[] {
  return Array.from({ length: many }, (_, at) => rowWith(`evt_${at}`));
}

function rowWith(id: string, body = '{}'): TableRow {
  return rowOf({
    id,
    source: 'rows',
    type: '{{projectId}}',
    externalId: null,
    receivedAt: new Date('2026-01-31T23:59:59.007Z'),
    headers: {},
    body: Buffer.from(body),
    data: {},
    attempt: 1,
  });
}

const partial = (insertErrors: unknown[]) => ({ name: 'PartialFailureError', response: { insertErrors } });
const idsOf = (sent: readonly TableRow[]) => sent.map(({ insertId }) => insertId);

test('a row is sent as it is, to the last brace', () => {
  const sent = JSON.parse(JSON.stringify(rowWith('evt_1', '{{projectId}} \u{1f600}')));
  expect(sent).toEqual({
    insertId: 'evt_1',
    json: {
      id: 'evt_1',
      ts: '2026-01-31 23:59:59.007',
      source: 'rows',
      type: '{{projectId}}',
      payload: '{{projectId}} \u{1f600}',
    },
  });
  expect(bytesOf(rowWith('evt_1', '"'.repeat(1_000)))).toBeGreaterThan(2_000);
});

test('a byte order mark is no part of the payload, which BigQuery parses as JSON', () => {
  const { json } = rowWith('evt_1', '\uFEFF{"id":1}');
  expect(JSON.parse(JSON.stringify(json))).toMatchObject({ payload: '{"id":1}' });
});

test('rows that nobody lists are done', async () => {
  const all = rows(3);
  expect([...(await insertRows(all, async () => {}))]).toEqual(all.map((row) => [row, DONE]));
  const fates = await insertRows(all, () =>
    Promise.reject(partial([{ index: 1, errors: [{ reason: 'invalid' }] }])),
  );
  expect(all.map((row) => fates.get(row)?.error?.message)).toEqual([
    undefined,
    'BigQuery refuses the row: invalid',
    undefined,
  ]);
  expect(fates.get(all[1] as TableRow)?.error).toBeInstanceOf(Declined);
});

test('the column is named, and how to add it', async () => {
  const all = rows(1);
  const errors = [{ reason: 'invalid', location: 'source', message: 'no such field.' }];
  const fates = await insertRows(all, () => Promise.reject(partial([{ index: 0, errors }])));
  expect(fates.get(all[0] as TableRow)?.error?.message).toMatch(
    /: source: no such field\. Run `npm run setup`/,
  );
});

test('stopped rows are sent again together, and not for ever', async () => {
  const all = rows(5);
  const sent: string[][] = [];
  const stopped = (index: number) => ({ index, errors: [{ reason: 'stopped' }] });
  const fates = await insertRows(all, async (some) => {
    sent.push(idsOf(some));
    if (sent.length === 1) {
      throw partial([
        ...[0, 2, 3, 4].map(stopped),
        { index: 1, errors: [{ reason: 'invalid', message: 'bad' }] },
      ]);
    }
  });
  expect(sent).toEqual([idsOf(all), ['evt_0', 'evt_2', 'evt_3', 'evt_4']]);
  expect([...fates.values()].filter(({ error }) => error)).toHaveLength(1);

  let requests = 0;
  const hopeless = await insertRows(all, async (some) => {
    requests++;
    throw partial(some.map((_, index) => stopped(index)));
  });
  expect(requests).toBeLessThan(10);
  expect([...hopeless.values()].every(({ error }) => error instanceof Declined)).toBe(true);
  expect(hopeless.size).toBe(5);
});

test('a request that is too large is halved, and the row that is too large found', async () => {
  const all = rows(7);
  const sent: number[] = [];
  const fates = await insertRows(all, async (some) => {
    sent.push(some.length);
    if (idsOf(some).includes('evt_5')) throw Object.assign(new Error('too much'), { code: 413 });
  });
  expect(sent).toEqual([7, 4, 3, 2, 1, 1, 1]);
  expect([...fates].filter(([, { error }]) => error).map(([{ insertId }]) => insertId)).toEqual(['evt_5']);
  expect(fates.size).toBe(7);
});

test('answers of any shape are understood', () => {
  for (const nonsense of [
    undefined,
    null,
    7,
    'text',
    {},
    { errors: 'x' },
    { errors: [null] },
    { response: null },
  ]) {
    expect(answerOf(nonsense)).toMatchObject({ status: undefined, restMs: undefined });
    expect(unavailable(answerOf(nonsense), {})).toBeInstanceOf(Unavailable);
  }
  expect(answerOf({ code: '403', message: 'x' }).status).toBeUndefined();
  expect(answerOf({ code: 'ECONNRESET', response: { statusCode: 502 } }).status).toBe(502);
  expect(answerOf({ code: 200, message: 'half of it' }).status).toBeUndefined();
  const long = answerOf({ code: 500, errors: [{ message: 'x\n'.repeat(9_999) }, { message: 'x' }] });
  expect(long.message.length).toBeLessThanOrEqual(500);
  const told = answerOf({
    code: 403,
    message: 'x',
    errors: [{ message: 'slow', reason: 'rateLimitExceeded' }],
  });
  expect(unavailable(told, { 403: 'Look.' }).message).toBe('Google answered 403: slow');
  expect(unavailable(answerOf({ code: 403, message: 'no' }), { 403: 'Look.' }).message).toContain(
    'no. Look.',
  );
});

test('a time to come back is heeded, an hour at most, unless it asks for no pause', () => {
  const restMs = (retryAfter: string) =>
    answerOf({ code: 429, response: { headers: { 'retry-after': retryAfter } } }).restMs;
  expect(restMs('2')).toBe(2_000);
  expect(restMs('9'.repeat(400))).toBe(3_600_000);
  for (const none of ['', '0', 'soon', 'Thu, 01 Jan 1970 00:00:00 GMT']) expect(restMs(none)).toBeUndefined();
});

function batcherOf(options: { rowsMax?: number; bytesMax?: number; waitMs?: number }) {
  const batches: string[][] = [];
  const insert = async (sent: readonly TableRow[]): Promise<Fates> => {
    batches.push(idsOf(sent));
    return new Map(sent.map((row) => [row, DONE]));
  };
  return { batches, batcher: rowBatcher({ rowsMax: 3, bytesMax: 100, waitMs: 20, ...options, insert }) };
}

test('a batch leaves when it is full of rows or bytes, or after a while', async () => {
  const { batches, batcher } = batcherOf({});
  const sizes = [1, 1, 1, 60, 60, 300, 1];
  const fates = await Promise.all(
    sizes.map((bytes, at) => batcher({ row: rowWith(`evt_${at}`), bytes, signal: NEVER })),
  );
  expect(batches).toEqual([['evt_0', 'evt_1', 'evt_2'], ['evt_3'], ['evt_4'], ['evt_5'], ['evt_6']]);
  expect(fates).toEqual(sizes.map(() => DONE));
});

test('what goes wrong with a batch goes wrong with each of its rows', async () => {
  const insert = () => Promise.reject(new Error('broken'));
  const batcher = rowBatcher({ rowsMax: 2, bytesMax: 100, waitMs: 20, insert });
  const added = rows(2).map((row) => batcher({ row, bytes: 1, signal: NEVER }));
  expect(await Promise.allSettled(added)).toMatchObject([
    { reason: { message: 'broken' } },
    { status: 'rejected' },
  ]);
});
