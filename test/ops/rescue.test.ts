/** The files of the inbox vanish, or are damaged, under the running service: it says so, takes nothing more, and gives back. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ServiceKnobs } from 'consignee';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { Store } from '../../src/inbox/sqlite/store.ts';
import { deliver, SECRETS, tell, told, untilOutcome, WIRING, wired } from '../harness/deliver.ts';
import { useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import type { RunningService } from '../harness/service.ts';
import { arrival, CIRCUIT, fresh } from '../inbox/driver.ts';

const { consignee } = useFolder();
let folder: string;
let service: RunningService;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterEach(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

const HASTY = { alarms: { lookMs: 50, diskFreeMb: 0 } };

async function start(knobs: ServiceKnobs = HASTY): Promise<RunningService> {
  service = await openService(wired({ folder, knobs }));
  return service;
}

const rescue = ({ inboxPath, consolePort }: RunningService, to: string, ...more: string[]) =>
  consignee(['events', 'rescue', '--to', to, '--config', WIRING, ...more], {
    ...SECRETS,
    DATABASE_URL: `sqlite:${inboxPath}`,
    CONSOLE_PORT: String(consolePort),
  });

const ready = async ({ url }: RunningService) => (await fetch(`${url}/readyz`)).status;
const untilReady = (service: RunningService, status: number) =>
  expect.poll(() => ready(service)).toBe(status);
const raised = (service: RunningService, what: RegExp) =>
  service.line(({ alarm, msg, level }) => alarm === 'inbox' && level === 'error' && what.test(String(msg)));
const parts = ({ inboxPath }: RunningService) => ['', '-wal', '-shm'].map((part) => inboxPath + part);

test('files that are deleted: 503 and an alarm, and every answered event is saved through the process', async () => {
  await start();
  const done = await tell(service, 'jobs', 'ok');
  await untilOutcome(service, done, 'done');
  const waiting = await tell(service, 'quiet');
  for (const path of parts(service)) rmSync(path);
  await untilReady(service, 503);
  expect(await deliver(service, 'quiet', told())).toMatchObject({ status: 503 });
  const alarm = await raised(service, /do not stop this process, which alone still has the events/);
  expect(alarm.fix).toContain('consignee events rescue --to');
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);

  const to = join(service.folder, 'saved.db');
  const { code, output } = await rescue(service, to);
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('2 events saved') });
  expect(output).toContain(`DATABASE_URL=sqlite:${to}`);
  expect((statSync(to).mode & 0o777).toString(8)).toBe('600');
  expect(existsSync(`${to}-copy`)).toBe(false);
  expect((await rescue(service, to)).output).toContain('is there already');
  await service.stop();

  renameSync(to, service.inboxPath);
  const next = await start();
  expect(next.sql('SELECT id FROM events ORDER BY id')).toEqual([{ id: done }, { id: waiting }]);
  expect((await deliver(next, 'quiet', told())).status).toBe(200);
});

test('files that are moved away, and put back: all is as before', async () => {
  await start();
  const before = await tell(service, 'quiet');
  const away = (path: string) => `${path}.away`;
  for (const path of parts(service)) renameSync(path, away(path));
  await untilReady(service, 503);
  // A restored backup in its place is another file.
  copyFileSync(away(service.inboxPath), service.inboxPath);
  await raised(service, /was replaced|was deleted or moved/);
  expect((await deliver(service, 'quiet', told())).status).toBe(503);
  for (const path of parts(service)) renameSync(away(path), path);
  await untilReady(service, 200);
  const after = await tell(service, 'quiet');
  expect(service.sql('SELECT id FROM events ORDER BY id')).toEqual([{ id: before }, { id: after }]);
});

test('a lock file that is deleted is locked anew, so that no second service comes in', async () => {
  await start();
  rmSync(`${service.inboxPath}-owner`);
  await expect.poll(() => existsSync(`${service.inboxPath}-owner`)).toBe(true);
  const env = { ...SECRETS, DATABASE_URL: `sqlite:${service.inboxPath}`, PORT: '0', CONSOLE_PORT: '0' };
  const second = await consignee(['serve', '--config', WIRING], env);
  expect(second).toMatchObject({ code: 78, output: expect.stringContaining('already owns') });
  expect((await deliver(service, 'quiet', told())).status).toBe(200);
  expect(service.events()).toHaveLength(1);
});

test('damage that is met anywhere ends the intake, and what can be read is saved', async () => {
  await start();
  await service.stop();
  const filled = openInboxFile(service.inboxPath);
  const store = new Store(filled, new Map([['jobs', { shape: { id: [['id']], type: [] }, routes: [] }]]));
  const large = () => arrival('jobs', fresh().replace('}', `,"more":"${'x'.repeat(3_000)}"}`));
  store.commit(Array.from({ length: 2_000 }, large), [], new Map(), Date.now(), CIRCUIT);
  const [row] = filled.prepare('SELECT number FROM inbox ORDER BY number LIMIT 1 OFFSET 60').all();
  filled.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  filled.close();

  const again = await start({ ...HASTY, inboxCacheMb: 1 });
  const sound = new DatabaseSync(service.inboxPath, { readOnly: true });
  const [inbox] = sound.prepare("SELECT value FROM meta WHERE key = 'inbox'").all();
  sound.close();
  const file = openSync(service.inboxPath, 'r+');
  // Behind the tables' first pages, so that only who reads old events meets it.
  for (let page = 20; page < 80; page++) writeSync(file, Buffer.alloc(8_192, 0xa5), 0, 8_192, page * 8_192);
  closeSync(file);
  // The service looks through old events by itself, too: on a busy machine it may meet the damage before the order does.
  const order = { inbox: inbox?.value, action: 'replay', event: row?.number };
  const response = await fetch(`http://127.0.0.1:${again.consolePort}/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(order),
  });
  expect(response.status).toBeGreaterThanOrEqual(422);
  await untilReady(again, 503);
  await raised(again, /damaged \(database disk image is malformed\)/);
  expect((await deliver(again, 'quiet', told())).status).toBe(503);

  const to = join(service.folder, 'saved.db');
  const { code, records } = await rescue(again, to, '--json');
  expect(code).toBe(0);
  const [{ events, missing }] = records as unknown as [{ events: number; missing: string[] }];
  expect(events + missing.length).toBe(2_001 - 1);
  expect(missing.length).toBeGreaterThan(0);
  expect(events).toBeGreaterThan(1_800);
  expect(existsSync(`${to}-copy`)).toBe(true);
});
