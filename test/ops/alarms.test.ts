/** `consignee alarms` and `consignee compact`, on an inbox that no service has open. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openInboxFile, takeOwnership } from '../../src/inbox/sqlite/files.ts';
import { Store } from '../../src/inbox/sqlite/store.ts';
import { useFolder } from '../harness/folder.ts';
import { arrival, CIRCUIT, SOURCES } from '../inbox/driver.ts';

const { folder, consignee } = useFolder();
const path = join(folder, 'inbox.db');
const env = {
  DATABASE_URL: `sqlite:${path}`,
  FLEXPORT_WEBHOOK_SECRET: 'a-secret-that-is-long-enough-for-anything',
};
const NOW = Date.UTC(2026, 10, 26, 16, 6);
const REFUSALS = {
  kind: 'refusals',
  subject: 'shippo',
  since: NOW,
  says: 'shippo: the signature does not match any live secret',
  fix: 'Put what the provider uses now into SHIPPO_WEBHOOK_SECRET.',
};
const DISK = {
  kind: 'failing',
  subject: 'a/b',
  since: NOW - 600_000,
  says: 'a/b: it failed',
  fix: 'Mend it.',
};

beforeAll(() => {
  const database = openInboxFile(path);
  const store = new Store(database, SOURCES);
  const body = Buffer.alloc(100_000, '0');
  for (let nth = 0; nth < 30; nth++) {
    const event = arrival('plain', Buffer.concat([body, Buffer.from(String(nth))]), NOW);
    store.commit([event], [], new Map(), NOW, CIRCUIT);
  }
  const { noteAlarms } = store.alarms.calls((work) => work());
  const note = (found: (typeof DISK)[], over: (typeof DISK)[], now: number) =>
    noteAlarms({
      found: found.map((alarm) => ({ ...alarm, isTold: false })),
      over,
      repeatMs: 1e9,
      calmMs: 0,
      now,
    });
  note([DISK], [], NOW - 600_000);
  note([], [{ ...DISK, says: 'over after 9 minutes: a/b: it failed', fix: '' }], NOW);
  note([REFUSALS], [], NOW);
  database.exec('DELETE FROM inbox WHERE number % 2 = 0 OR length(body) > 0');
  database.close();
});

test('what is raised comes first, with what to do; then what is over', async () => {
  const { code, output } = await consignee(['alarms'], env);
  expect(code).toBe(0);
  expect(output.split('\n').slice(0, -1)).toEqual([
    'Raised now (1):',
    '  2026-11-26 16:06:00Z  refusals shippo',
    '    shippo: the signature does not match any live secret',
    '    To do: Put what the provider uses now into SHIPPO_WEBHOOK_SECRET.',
    '',
    'Over:',
    '  2026-11-26 15:56:00Z  for 10 minutes  failing a/b',
    '    a/b: it failed',
  ]);
  for (const line of output.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('machines get all of it, and an exit code if something is raised', async () => {
  const { code, records } = await consignee(['alarms', '--json', '--raised'], env);
  expect([code, records]).toEqual([1, [{ ...REFUSALS, since: '2026-11-26T16:06:00.000Z', overAt: null }]]);
  expect((await consignee(['alarms', '--limit', '0'], env)).code).toBe(64);
});

test('an inbox is written anew without what is unused, elsewhere or in its place, and not while a service has it', async () => {
  const owner = takeOwnership(path);
  expect((await consignee(['compact'], env)).output).toContain('which a running Consignee already owns');
  owner.close();
  const before = statSync(path).size;
  const to = join(folder, 'new', 'inbox.db');
  const copied = await consignee(['compact', '--to', to], env);
  expect([copied.code, statSync(path).size]).toEqual([0, before]);
  expect(copied.output).toContain(`DATABASE_URL=sqlite:${to}`);
  const list = await consignee(['alarms', '--json'], { ...env, DATABASE_URL: `sqlite:${to}` });
  expect(list.records).toHaveLength(2);
  expect((await consignee(['compact', '--to', to], env)).code).toBe(1);
  const { code, records } = await consignee(['compact', '--json'], env);
  expect([code, records[0]?.before]).toEqual([0, before]);
  expect(Number(records[0]?.after)).toBeLessThan(before / 5);
  expect(statSync(path).size).toBe(records[0]?.after);
  openInboxFile(path).close();
  openInboxFile(to).close();
  expect(existsSync(`${to}-new`)).toBe(false);
});
