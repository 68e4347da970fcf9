/** How the service goes: announced first, what is in flight answered, and nothing left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { run } from '../../harness/command.ts';
import { FOUR, ROOT, SECRET } from '../../harness/project.ts';
import { type Service, startService } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';
import { ask, bodyOf, bytesOf, openWire, signed } from '../../harness/wire.ts';

const ENV = { FLEXPORT_WEBHOOK_SECRET: SECRET };
const folders: string[] = [];
function newFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'consignee-')));
  return folders.at(-1) as string;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A service whose inbox outlives it, so that one can look into it afterwards. */
function start(env: Record<string, string> = {}): Promise<Service> {
  return startService({ env: { ...ENV, ...env }, folder: newFolder() });
}

function stopping(service: Service) {
  return service.line((line) => String(line.msg).startsWith('stopping'));
}

test('on SIGTERM it is not ready at once, still takes events, and closes each connection it answers', async () => {
  const service = await start({ SHUTDOWN_DELAY_MS: '1500' });
  const idle = await openWire(service.port);
  idle.write(signed(SECRET, bodyOf('before')));
  expect((await idle.answer()).headers.connection).toBe('keep-alive');
  const exit = service.kill('SIGTERM');
  await stopping(service);

  expect((await ask(service.port, bytesOf('GET', '/readyz'))).status).toBe(503);
  expect((await ask(service.port, bytesOf('GET', '/healthz'))).status).toBe(200);
  const fresh = await ask(service.port, signed(SECRET, bodyOf('during')));
  expect([fresh.status, fresh.headers.connection]).toEqual([200, 'close']);
  idle.write(signed(SECRET, bodyOf('on an old connection')));
  const old = await idle.answer(2);
  expect([old.status, old.headers.connection]).toEqual([200, 'close']);
  await idle.closed();
  const refused = await ask(service.port, signed('not the secret that is expected here', '{}'));
  expect([refused.status, refused.headers.connection]).toEqual([401, 'close']);

  expect(await exit).toBe(0);
  const ids = service.events().map((event) => event.external_id);
  expect(ids).toEqual(['before', 'during', 'on an old connection']);
  expect(service.lines().at(-1)).toMatchObject({ msg: 'stopped' });
});

test('an upload that is under way is answered, and idle connections do not hold it up', async () => {
  const service = await start();
  const bytes = signed(SECRET, bodyOf('in flight'));
  const wire = await openWire(service.port);
  wire.write(bytes.slice(0, -10));
  const idle = await openWire(service.port);
  idle.write(bytesOf('GET', '/healthz'));
  await idle.answer();
  const exit = service.kill('SIGTERM');
  await stopping(service);
  await idle.closed();
  await expect(openWire(service.port)).rejects.toThrow('ECONNREFUSED');
  wire.write(bytes.slice(-10));
  const answer = await wire.answer();
  expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
  expect(await exit).toBe(0);
  expect(service.events().map((event) => event.external_id)).toEqual(['in flight']);
  expect(service.sql('SELECT * FROM work')).toEqual([]);
});

test('the last answer of a slow sender does not keep the service for ever', async () => {
  const folder = newFolder();
  const service = await startService({
    env: ENV,
    folder,
    knobs: { headersTimeoutMs: 1_000, requestTimeoutMs: 1_500 },
  });
  const wire = await openWire(service.port);
  wire.write(signed(SECRET, bodyOf('never')).slice(0, -1));
  const silent = await openWire(service.port);
  expect(await service.kill('SIGTERM')).toBe(0);
  await Promise.all([wire.closed(), silent.closed()]);
  expect(service.events()).toHaveLength(0);
});

test.each(['SIGTERM', 'SIGINT'] as const)('a second signal, %s, ends it at once', async (signal) => {
  const service = await start({ SHUTDOWN_DELAY_MS: '600000' });
  const kept = await ask(service.port, signed(SECRET, bodyOf('kept')));
  expect(kept.status).toBe(200);
  const exit = service.kill('SIGTERM');
  await stopping(service);
  process.kill(service.pid, signal);
  expect(await exit).toBe(1);
  expect(service.events()).toHaveLength(1);
});

test('a signal while it starts ends it as well', async () => {
  const folder = newFolder();
  const env = { ...ENV, DATABASE_URL: `sqlite:${folder}/inbox.db`, PORT: '0', CONSOLE_PORT: '0' };
  for (const delay of [50, 250, 400]) {
    const service = run(['serve'], { env, cwd: folder });
    await new Promise((resolve) => setTimeout(resolve, delay));
    service.process.kill('SIGTERM');
    await once(service.process, 'exit');
    expect(service.output()).not.toContain('Error');
  }
});

/** npm and what it started, which would outlive it. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All are gone, as they should be.
  }
}

test('npm start hands SIGTERM on, and ends with 0', async () => {
  const folder = newFolder();
  const npm = spawn('npm', ['start'], {
    cwd: ROOT,
    env: {
      ...ENV,
      PATH: process.env.PATH,
      HOME: folder,
      CONSIGNEE_CONFIG: FOUR,
      DATABASE_URL: `sqlite:${folder}/inbox.db`,
      PORT: '0',
      CONSOLE_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  onTestFinished(() => killGroup(npm.pid as number));
  let output = '';
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(npm, 'close');
  await waitFor(
    () => output.includes('"msg":"ready"'),
    60_000,
    () => output,
  );
  npm.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
  expect(output).toContain('"msg":"stopped"');
});
