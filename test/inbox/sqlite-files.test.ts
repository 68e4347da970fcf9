/** The service refuses files that are not a sound inbox of its own, says what to do, and leaves every byte as it is. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { Store } from '../../src/inbox/sqlite/store.ts';
import { runToEnd } from '../harness/command.ts';
import { deliver, SECRETS, told, wired } from '../harness/deliver.ts';
import { openService, refusalOf } from '../harness/open-service.ts';
import { ROOT } from '../harness/project.ts';
import { hasStrace } from '../harness/strace.ts';
import { arrival, CIRCUIT, fresh, SOURCES } from './driver.ts';

let folder: string;
let sound: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  sound = join(folder, 'sound.db');
  const database = openInboxFile(sound);
  const arrivals = Array.from({ length: 2_000 }, () => arrival('two', fresh()));
  new Store(database, SOURCES).commit(arrivals, [], new Map(), Date.now(), CIRCUIT);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of the sound inbox, changed. */
function spoilt(change: (path: string) => void): string {
  const path = join(folder, `spoilt-${++count}.db`);
  copyFileSync(sound, path);
  change(path);
  return path;
}

function patch(path: string, at: number, bytes: Buffer): void {
  const content = readFileSync(path);
  bytes.copy(content, at);
  writeFileSync(path, content);
}

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

const settingsFor = (path: string) => ({ ...SECRETS, DATABASE_URL: `sqlite:${path}` });

/** Answers with what is said of it. */
async function refused(path: string): Promise<string> {
  const before = existsSync(path) ? hashOf(path) : undefined;
  const said = await refusalOf({ env: settingsFor(path), folder });
  expect(said).toContain('DATABASE_URL');
  expect(existsSync(path) ? hashOf(path) : undefined).toBe(before);
  return said;
}

test('an empty file is not taken for a new inbox', async () => {
  const output = await refused(spoilt((path) => truncateSync(path, 0)));
  expect(output).toMatch(/which is empty[\s\S]*Restore it from a backup, or delete it/);
});

test('a file that is no database is left alone', async () => {
  const path = spoilt((path) => writeFileSync(path, 'my diary\n'.repeat(1_000)));
  expect(await refused(path)).toMatch(/not an SQLite file[\s\S]*Name another file/);
  expect(readFileSync(path, 'utf8')).toContain('my diary');
});

test('a database of another program is left alone', async () => {
  const path = join(folder, 'other.db');
  const other = new DatabaseSync(path);
  other.exec('PRAGMA application_id = 77; CREATE TABLE mine (a)');
  other.close();
  expect(await refused(path)).toMatch(/of another program[\s\S]*Name another file/);
});

test('an SQLite file without an application_id is left alone', async () => {
  const path = join(folder, 'nameless.db');
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE inbox (number)');
  other.close();
  expect(await refused(path)).toContain('of another program');
});

test('a file cut in half is called damaged', async () => {
  const path = spoilt((path) => truncateSync(path, Math.floor(statSync(path).size / 2 / 8_192) * 8_192));
  expect(await refused(path)).toMatch(/which is damaged[\s\S]*consignee events rescue --to/);
});

test('a file cut within its first page is refused', async () => {
  for (const bytes of [50, 100, 5_000]) await refused(spoilt((path) => truncateSync(path, bytes)));
});

test('flipped bytes in the structure of the file are found', async () => {
  const page = 8_192;
  const garbage = Buffer.alloc(64, 0xa5);
  for (const at of [100, page, 3 * page, 40 * page]) {
    expect(await refused(spoilt((path) => patch(path, at, garbage)))).toMatch(/which is damaged/);
  }
});

test('an inbox written by a newer version is not opened', async () => {
  const path = spoilt((path) => {
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA user_version = 999; DELETE FROM meta WHERE key LIKE 'schema_%';
      PRAGMA wal_checkpoint(TRUNCATE)`);
    database.close();
  });
  expect(await refused(path)).toMatch(/newer Consignee \(schema 999[\s\S]*Run that version or a later one/);
});

test('a write-ahead log without its inbox is not thrown away', async () => {
  const path = join(folder, 'gone.db');
  writeFileSync(`${path}-wal`, 'commits');
  expect(await refused(path)).toMatch(/which is gone[\s\S]*Put the inbox back/);
  expect(readFileSync(`${path}-wal`, 'utf8')).toBe('commits');
});

test.skipIf(!existsSync('/sys/kernel'))('a folder nobody can write to is named', async () => {
  expect(await refused('/sys/kernel/inbox.db')).toMatch(/\/sys\/kernel\/inbox\.db[\s\S]*who may write there/);
});

test('a path below a file is named', async () => {
  expect(await refused(join(sound, 'inbox.db'))).toMatch(/cannot be opened[\s\S]*Check the path/);
});

test('a folder in place of the file is named, and ends `serve` with 78', async () => {
  const env = { ...settingsFor('/tmp'), PORT: '0', CONSOLE_PORT: '0' };
  const { code, output } = await runToEnd(['serve'], { env, cwd: folder });
  expect(code).toBe(78);
  expect(output).toMatch(/DATABASE_URL names \/tmp, which cannot be opened/);
});

test('a second service on the same inbox is refused, while readers are welcome and the first goes on', async () => {
  const service = await openService(wired());
  try {
    const second = await runToEnd(['serve'], {
      env: { ...SECRETS, DATABASE_URL: `sqlite:${service.inboxPath}`, PORT: '0', CONSOLE_PORT: '0' },
      cwd: folder,
    });
    expect(second.code).toBe(78);
    expect(second.output).toMatch(/already owns[\s\S]*Stop that one first/);
    const answer = await deliver(service, 'quiet', told());
    expect(answer).toMatchObject({ status: 200, outcome: 'accepted' });
    expect(service.sql('SELECT id FROM events')).toEqual([{ id: answer.id }]);
  } finally {
    await service.stop();
  }
});

test('the inbox and its companions are readable by their owner only', async () => {
  const service = await openService(wired());
  await deliver(service, 'quiet', told());
  for (const part of ['', '-wal', '-shm']) {
    expect((statSync(service.inboxPath + part).mode & 0o777).toString(8)).toBe('600');
  }
  expect(service.events()).toHaveLength(1);
  await service.stop();
});

test.skipIf(!hasStrace)(
  'killed at any write while it is being made, an inbox is there whole or not at all (needs strace)',
  async () => {
    const made = join(ROOT, 'test/fixtures/make-inbox.ts');
    const { spawnSync } = await import('node:child_process');
    const left = new Set<string>();
    for (let at = 1; at <= 40; at += 3) {
      const path = join(folder, `half-${at}.db`);
      const fault = [
        '-e',
        'trace=pwrite64,fsync,rename',
        '-e',
        `inject=pwrite64,fsync,rename:signal=KILL:when=${at}`,
      ];
      const traced = ['strace', '-f', '-o', '/dev/null', ...fault, process.execPath, made, path];
      const first = spawnSync('sh', ['-c', 'umask 000; exec "$@"', 'sh', ...traced]);
      left.add(first.signal === 'SIGKILL' ? (existsSync(path) ? 'whole' : 'nothing') : 'finished');
      if (existsSync(path)) {
        const database = new DatabaseSync(path, { readOnly: true });
        expect(database.prepare("SELECT count(*) AS n FROM meta WHERE key = 'inbox'").get()).toEqual({
          n: 1,
        });
        database.close();
      }
      for (const name of readdirSync(folder).filter((one) => one.startsWith(`half-${at}.db`))) {
        expect([name, (statSync(join(folder, name)).mode & 0o777).toString(8)]).toEqual([name, '600']);
      }
      // The next one makes it whole, or finds it so.
      openInboxFile(path).close();
    }
    expect(left).toContain('nothing');
  },
);
