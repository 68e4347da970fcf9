/** Lists in PostgreSQL's binary form, read back by PostgreSQL. */
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  bigintList,
  booleanList,
  bytesList,
  integerList,
  textList,
} from '../../src/inbox/postgres/binary-array.ts';
import { connect } from '../../src/inbox/postgres/connection.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';

let database: Database;
let client: pg.Client;
beforeAll(async () => {
  database = await freshDatabase();
  client = await connect(database.url);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

async function readBack(type: string, list: Buffer): Promise<unknown[]> {
  const { rows } = await client.query(`SELECT value FROM unnest($1::${type}[]) AS value`, [list]);
  return rows.map(({ value }) => value);
}

test('whatever is in them, it comes back', async () => {
  const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const text = fc.option(fc.string({ unit: 'binary' }).map((one) => one.replaceAll('\0', '')));
  const bytes = fc.option(fc.uint8Array().map((one) => Buffer.from(one)));
  const lists = fc.record({
    bigint: fc.array(number),
    integer: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    boolean: fc.array(fc.boolean()),
    text: fc.array(text),
    bytes: fc.array(bytes),
  });
  await fc.assert(
    fc.asyncProperty(lists, async ({ bigint, integer, boolean, text, bytes }) => {
      expect(await readBack('bigint', bigintList(bigint))).toEqual(bigint);
      expect(await readBack('integer', integerList(integer))).toEqual(integer);
      expect(await readBack('boolean', booleanList(boolean))).toEqual(boolean);
      expect(await readBack('text', textList(text))).toEqual(text);
      expect(await readBack('bytea', bytesList(bytes))).toEqual(bytes);
    }),
    { numRuns: 50 },
  );
});

test('what text cannot hold is made into what it can', async () => {
  expect(await readBack('text', textList(['a\0b', '\ud800', null]))).toEqual(['a␀b', '\ufffd', null]);
});
