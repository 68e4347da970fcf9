/** `consignee pause` and `consignee resume` beside the running service and, by the same words, without it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS, tell, untilOutcome, WIRING, wired, workOf } from '../harness/deliver.ts';
import { type Ended, useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import type { RunningService } from '../harness/service.ts';
import { ask, bytesOf, metric } from '../harness/wire.ts';

const { consignee } = useFolder();
const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const who = userInfo().username;
let service: RunningService;
let env: Record<string, string>;
beforeAll(async () => {
  service = await openService(wired({ folder }));
  env = {
    ...SECRETS,
    DATABASE_URL: `sqlite:${service.inboxPath}`,
    CONSOLE_PORT: String(service.consolePort),
  };
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

const command = (...args: string[]): Promise<Ended> => consignee([...args, '--config', WIRING], env);
const pauses = () => service.sql('SELECT name, who, reason FROM pauses').map((row) => ({ ...row }));
const gauge = (handler: string) => metric(service, `consignee_handler_paused{handler="${handler}"}`);

test('the service is asked to pause, says so in its metrics, and hands nothing out until it is resumed', async () => {
  const { code, output } = await command('pause', 'jobs/work', '--reason', 'the store is being moved');
  expect(output).toBe(
    'jobs/work gets nothing more for now; what comes waits.\nResume it with: consignee resume jobs/work\n',
  );
  expect(code).toBe(0);
  expect(pauses()).toEqual([{ name: 'jobs/work', who, reason: 'the store is being moved' }]);
  expect(await gauge('jobs/work')).toBe(1);
  expect(await gauge('pair/one')).toBe(0);
  const id = await tell(service, 'jobs', 'ok');
  await untilOutcome(service, await tell(service, 'pair', 'ok'), 'done');
  expect(workOf(service, id)).toEqual([{ handler: 'jobs/work', state: 'pending', attempts: 0 }]);
  const resumed = await command('resume', 'jobs/work');
  expect(resumed.output).toMatch(
    new RegExp(
      `^jobs/work gets events again. It had been paused since \\S+Z by ${who}: the store is being moved.\n$`,
    ),
  );
  await untilOutcome(service, id, 'done');
  expect(pauses()).toEqual([]);
});

test('a pause without a reason, and one of nobody, change nothing', async () => {
  const silent = await command('pause', 'jobs/work');
  expect(silent.code).toBe(64);
  expect(silent.output).toContain('pause wants --reason and a sentence');
  const nobody = await command('pause', 'jobs/none', '--reason', 'x');
  expect(nobody.code).toBe(1);
  expect(nobody.output).toContain('jobs/none is neither a handler nor a target (there are jobs/work,');
  expect(pauses()).toEqual([]);
});

test('a page names no user, and must mean this inbox', async () => {
  const [{ value }] = service.sql("SELECT value FROM meta WHERE key = 'inbox'") as [{ value: string }];
  const post = (body: object, type = 'application/json') =>
    ask(
      service.consolePort,
      bytesOf('POST', '/pauses', { Host: 'localhost', 'Content-Type': type }, JSON.stringify(body)),
    );
  const order = { inbox: value, verb: 'pause', name: 'pair/one', reason: 'by a page' };
  expect((await post({ ...order, inbox: 'another' })).status).toBe(409);
  expect((await post({ ...order, reason: ' ' })).status).toBe(400);
  // Of a page of another site, which may send such a body unasked.
  expect((await post(order, 'text/plain')).status).toBe(403);
  expect(pauses()).toEqual([]);
  expect((await post(order)).status).toBe(200);
  expect(pauses()).toEqual([{ name: 'pair/one', who: 'console', reason: 'by a page' }]);
});

test('without the service the command does it itself, and what was paused stays so over the restart', async () => {
  await service.stop();
  expect((await command('pause', 'jobs/work', '--reason', 'x', '--json')).records).toEqual([
    { verb: 'pause', name: 'jobs/work', handlers: ['jobs/work'], endedRest: false },
  ]);
  expect(pauses().map(({ name }) => name)).toEqual(['jobs/work', 'pair/one']);
  expect((await command('resume', 'pair/one')).code).toBe(0);
  service = await openService(wired({ folder }));
  expect(await gauge('jobs/work')).toBe(1);
  expect(await gauge('pair/one')).toBe(0);
});
