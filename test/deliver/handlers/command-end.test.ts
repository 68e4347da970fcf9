/** Programs that do not end by themselves, that cannot be started, and a service that stops under them. */

import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceKnobs } from 'consignee';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  isGone,
  order,
  pidsOf,
  recorded,
  SETTINGS,
  startCommands,
  untilGone,
  untilRecorded,
  WIRING,
} from '../../fixtures/command/run.ts';
import { runToEnd } from '../../harness/command.ts';
import { workOf } from '../../harness/deliver.ts';
import type { Service } from '../../harness/service.ts';

let folder: string;
let service: Service | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterEach(async () => {
  await service?.kill('SIGKILL');
  service = undefined;
  rmSync(folder, { recursive: true });
});

async function start(knobs: ServiceKnobs = {}, env: Record<string, string> = {}): Promise<Service> {
  service = await startCommands({ folder, knobs, env });
  return service;
}

const TOO_LONG = 'Error: took longer than 700 ms and was ended';

test('when its time is over, a program is ended with its child, and counted', async () => {
  const running = await start();
  const expectEnded = async (type: string, status: string, output: string | null) => {
    const id = await order(running, 'brief', type);
    const pids = await pidsOf(running, id, 2);
    expect(pids.map(isGone)).toEqual([false, false]);
    const retried = await untilRecorded(running, id, 'retry');
    expect(retried).toEqual({ attempt: 1, outcome: 'retry', error: TOO_LONG, status, output });
    await untilGone(pids);
    await untilRecorded(running, id, 'dead');
    await untilGone(await pidsOf(running, id, 4));
  };
  await expectEnded('hang', 'killed by SIGTERM', 'waiting');
  // It ignores SIGTERM, and so does its child.
  await expectEnded('stubborn', 'killed by SIGKILL', null);
  // It exits with 0 when it is told to end: that is not done.
  await expectEnded('pretend', 'exit 0', null);
});

test('a program that ends in time is not touched when its time would be over', async () => {
  const running = await start();
  const id = await order(running, 'brief', 'leave one behind');
  const [, left] = await pidsOf(running, id, 2);
  expect(await untilRecorded(running, id, 'done')).toMatchObject({ status: 'exit 0' });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(isGone(left as number)).toBe(false);
  process.kill(left as number, 'SIGKILL');
});

test.each([
  ['hang once', 4_000],
  ['stubborn once', 10_000],
])(
  'a service that stops ends what runs (%s) within its grace, and runs it again uncounted',
  async (type, shutdownGraceMs) => {
    const running = await start({ shutdownGraceMs });
    const id = await order(running, 'jobs', type);
    const pids = await pidsOf(running, id, 2);
    // The program would sleep for minutes.
    expect(await running.kill('SIGTERM')).toBe(0);
    await untilGone(pids);
    expect(recorded(running, id)).toMatchObject([
      { attempt: 1, outcome: 'later', error: 'Error: the service is stopping' },
    ]);
    expect(workOf(running, id)).toEqual([{ handler: 'jobs/work', state: 'pending', attempts: 0 }]);

    const again = await start({ shutdownGraceMs });
    expect(await untilRecorded(again, id, 'done')).toMatchObject({ attempt: 1, status: 'exit 0' });
  },
);

test('a service that stops lets a short program finish', async () => {
  const running = await start();
  const id = await order(running, 'jobs', 'read slowly');
  await pidsOf(running, id, 1);
  expect(await running.kill('SIGTERM')).toBe(0);
  expect(recorded(running, id)).toMatchObject([{ outcome: 'done', status: 'exit 0' }]);
});

test('a program that is not there when the service starts is a problem, with its name and the fix', async () => {
  const env = { ...SETTINGS, DATABASE_URL: `sqlite:${join(folder, 'inbox.db')}`, PROGRAM: './nowhere.sh' };
  const { code, output } = await runToEnd(['serve', '--config', WIRING], { env, cwd: folder });
  expect(code).toBe(78);
  expect(output).toContain('program of ./nowhere.sh is ./nowhere.sh, which is not an executable file here');
  expect(output).toContain(`Look for it in ${folder}`);
});

test('a program that goes away later keeps its events waiting until it is back', async () => {
  const program = join(folder, 'program.sh');
  const install = () => {
    copyFileSync(join(WIRING, 'act.sh'), program);
    chmodSync(program, 0o755);
  };
  install();
  // Relative to where the service runs.
  const running = await start({}, { PROGRAM: './program.sh' });
  const first = await order(running, 'gone', 'exit 0');
  await untilRecorded(running, first, 'done');

  rmSync(program);
  const second = await order(running, 'gone', 'exit 0');
  expect(await untilRecorded(running, second, 'retry')).toMatchObject({
    error: `Unavailable: ${program} cannot be started (ENOENT): it, its interpreter or its cwd is not there`,
    status: null,
    output: null,
  });
  await running.line(({ msg }) => msg === 'the other side takes nothing: events for it wait');
  writeFileSync(program, 'not executable');
  await running.line(({ reason }) => String(reason).includes('cannot be started (EACCES)'));
  rmSync(program);
  install();
  expect(await untilRecorded(running, second, 'done')).toMatchObject({ status: 'exit 0' });
});
