/** How the groups of failures are found: in the index of what has failed alone, however many events there are. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { COUNT_QUERIES } from '../../src/inbox/count-reader.ts';
import { readFailures } from '../../src/inbox/failures.ts';
import { readMigrationsIn } from '../../src/inbox/migration-files.ts';
import { SQLITE_SELECTION } from '../../src/inbox/sqlite/selection.ts';

test('what waits longest for its time is one look into the index of what is due', () => {
  const database = new DatabaseSync(':memory:');
  const folder = new URL('../../src/inbox/sqlite/migrations', import.meta.url).pathname;
  for (const { sql } of readMigrationsIn(folder)) database.exec(sql);
  const sql = COUNT_QUERIES.oldestDue(SQLITE_SELECTION.waitsForItsTime);
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all({ $1: 'a/b' });
  expect(plan.map(({ detail }) => detail)).toEqual(['SEARCH work USING INDEX work_due (handler=?)']);
  database.close();
});

test('failures are counted and named from the index of causes', async () => {
  const database = new DatabaseSync(':memory:');
  const folder = new URL('../../src/inbox/sqlite/migrations', import.meta.url).pathname;
  for (const { sql } of readMigrationsIn(folder)) database.exec(sql);
  database.exec(
    "INSERT INTO work (event, handler, state, attempts, due, alone, cause) VALUES (1, 'a/b', 'dead', 1, 0, 0, 'c')",
  );
  const plans: string[] = [];
  const parametersOf = (values: readonly (string | number)[]) =>
    Object.fromEntries(values.map((value, at) => [`$${at + 1}`, value]));
  await readFailures(
    {
      ...SQLITE_SELECTION,
      async all<Row>(sql: string, ...values: readonly (string | number)[]) {
        const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(parametersOf(values));
        plans.push(plan.map(({ detail }) => String(detail)).join('; '));
        return database.prepare(sql).all(parametersOf(values)) as Row[];
      },
    },
    {},
  );
  expect(plans.filter((plan) => plan.includes('work'))).toEqual([
    'SCAN work USING COVERING INDEX work_cause',
    'SEARCH work USING INDEX work_cause (handler=? AND cause=?)',
  ]);
  database.close();
});
