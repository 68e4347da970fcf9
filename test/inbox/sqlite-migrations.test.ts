/** An inbox of an earlier version is brought up to date, with all that is in it. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { idOf } from '../../src/inbox/event-id.ts';
import { APPLICATION_ID } from '../../src/inbox/sqlite/files.ts';
import { runToEnd } from '../harness/command.ts';
import { tries, untilOutcome, wired, workOf } from '../harness/deliver.ts';
import { openService } from '../harness/open-service.ts';
import { ROOT } from '../harness/project.ts';

const MIGRATIONS = join(ROOT, 'src/inbox/sqlite/migrations');

/** As the first version would have left it: one event that is done, one that waits, one that is dead. */
function inboxOfTheFirstVersion(path: string): number[] {
  const database = new DatabaseSync(path);
  database.exec(
    `PRAGMA page_size = 8192; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA journal_mode = WAL`,
  );
  database.exec(readFileSync(join(MIGRATIONS, '0001-inbox.sql'), 'utf8'));
  database.exec("PRAGMA user_version = 1; INSERT INTO meta VALUES ('inbox', 'an-inbox-of-old')");
  const numbers = [1_000_000_000_001, 1_000_000_000_002, 1_000_000_000_003];
  const insert =
    database.prepare(`INSERT INTO inbox VALUES (?, ?, 'jobs', randomblob(16), randomblob(32), 'told', ?, 1,
    NULL, '192.0.2.1', '{}', ?)`);
  for (const number of numbers) {
    const body = Buffer.from(JSON.stringify({ id: String(number), type: 'told', steps: ['ok'] }));
    insert.run(number, Date.now(), String(number), body);
  }
  const [done, waiting, dead] = numbers;
  database.exec(`INSERT INTO attempts VALUES (${done}, 'jobs/work', 1, 1, 5, 'done', NULL);
    INSERT INTO work VALUES (${waiting}, 'jobs/work', 'pending', 2, 0, 0);
    INSERT INTO work VALUES (${dead}, 'jobs/work', 'dead', 3, 0, 0);`);
  database.close();
  return numbers;
}

test('what waited is handled, what is dead stays so, and what was done still shows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const ids = inboxOfTheFirstVersion(join(folder, 'inbox.db')).map(idOf) as [string, string, string];
  const service = await openService(wired({ folder }));
  try {
    await untilOutcome(service, ids[1], 'done');
    expect(tries(service, ids[1])).toEqual([{ attempt: 3, outcome: 'done', error: null }]);
    expect(workOf(service, ids[2])).toEqual([{ handler: 'jobs/work', state: 'dead', attempts: 3 }]);
    const newest = Number(readdirSync(MIGRATIONS).sort().at(-1)?.slice(0, 4));
    expect(service.sql('PRAGMA user_version')).toEqual([{ user_version: newest }]);
    const env = { DATABASE_URL: `sqlite:${service.inboxPath}` };
    const { output } = await runToEnd(['events', 'show', ids[0]], { env });
    expect(output).toMatch(/jobs\/work {2}#1 {2}done {2}5 ms/);
  } finally {
    await service.stop();
  }
});
