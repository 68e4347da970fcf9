/** A log that nobody reads, or nobody can write, must not cost an answer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { environmentIn } from '../../harness/command.ts';
import { ROOT, SECRET } from '../../harness/project.ts';
import { PLAIN } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';
import { ask, bodyOf, bytesOf, openWire, signed } from '../../harness/wire.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** With standard output as a pipe that is read up to the `ready` line. */
async function startUnread(name: string): Promise<{ child: ChildProcess; port: number; path: string }> {
  const path = join(folder, `${name}.db`);
  const child = spawn(process.execPath, [join(ROOT, 'bin/consignee.js'), 'serve'], {
    cwd: folder,
    env: {
      ...environmentIn(ROOT),
      FLEXPORT_WEBHOOK_SECRET: SECRET,
      HOST: '127.0.0.1',
      PORT: '0',
      CONSOLE_PORT: '0',
      ...PLAIN,
      DATABASE_URL: `sqlite:${path}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // It shares our standard error, and a run of tests whose output somebody holds does not end.
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  const take = (text: Buffer) => {
    output += text;
  };
  child.stdout?.on('data', take);
  await waitFor(
    () => output.includes('"msg":"ready"'),
    60_000,
    () => output,
  );
  child.stdout?.off('data', take);
  child.stdout?.pause();
  return { child, port: Number(/"port":(\d+)/.exec(output)?.[1]), path };
}

function held(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare('SELECT count(*) AS held FROM inbox').get() as { held: number };
  database.close();
  return row.held;
}

async function flood(port: number, requests: number): Promise<void> {
  const wire = await openWire(port);
  wire.write(bytesOf('POST', '/nowhere').repeat(requests));
  await waitFor(
    () => wire.text().split('HTTP/1.1 404').length > requests,
    20_000,
    () => `${wire.text().length} bytes`,
  );
  wire.close();
}

test('a reader that stops reading does not stop the answers, and the service still ends', async () => {
  const { child, port, path } = await startUnread('stalled');
  const ended = once(child, 'exit');
  // Far more log than any pipe takes.
  for (let nth = 0; nth < 5; nth++) await flood(port, 2_000);
  for (let nth = 0; nth < 20; nth++) {
    expect((await ask(port, signed(SECRET, bodyOf(`unread-${nth}`)))).status).toBe(200);
  }
  expect((await ask(port, bytesOf('GET', '/readyz'))).status).toBe(200);
  expect(held(path)).toBe(20);
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
  const [code] = await ended;
  clearTimeout(timer);
  expect(code).toBe(0);
});

test('a reader that goes away does not take the service with it', async () => {
  const { child, port, path } = await startUnread('gone');
  const ended = once(child, 'exit');
  child.stdout?.destroy();
  for (let nth = 0; nth < 20; nth++) {
    expect((await ask(port, signed(SECRET, bodyOf(`gone-${nth}`)))).status).toBe(200);
  }
  expect(held(path)).toBe(20);
  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
});
