/** Changed settings without a restart, through the real process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SECRET } from '../../harness/project.ts';
import { type Service, startService } from '../../harness/service.ts';
import { flexportHeaders } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';

const OTHER = 'another-secret-of-the-tests-that-is-long-enough';
let folder: string;
let file: string;
let service: Service;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  file = join(folder, 'secret');
  writeFileSync(file, `${SECRET}\n`);
  service = await startService({ folder, env: { FLEXPORT_WEBHOOK_SECRET_FILE: file } });
});
afterEach(async () => {
  await service.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

let last = 0;
async function send(secret: string): Promise<number> {
  const body = `{"id":${++last},"type":"reload"}`;
  const url = `${service.url}/webhooks/flexport`;
  const response = await fetch(url, { method: 'POST', headers: flexportHeaders(secret, body), body });
  await response.text();
  return response.status;
}
const readAgain = () => service.lines().filter(({ msg }) => msg === 'settings read again').length;

test('SIGHUP reads the files again at once', async () => {
  expect(await send(OTHER)).toBe(401);
  writeFileSync(file, `${OTHER}\n`);
  process.kill(service.pid, 'SIGHUP');
  await service.line(({ msg }) => msg === 'settings read again');
  expect(await send(OTHER)).toBe(200);
  expect(await send(SECRET)).toBe(401);
});

test('a changed file is noticed without being told', async () => {
  writeFileSync(file, `${OTHER}\n${SECRET}\n`);
  await service.line(({ msg }) => msg === 'settings read again');
  expect([await send(OTHER), await send(SECRET)]).toEqual([200, 200]);
});

test('a broken file leaves the old secrets in force, says so, and a mended one is read', async () => {
  writeFileSync(file, 'changeme\n');
  const line = await service.line(({ msg }) => /old ones stay in force/.test(String(msg)));
  expect(line.level).toBe('error');
  expect(service.output()).toContain('FLEXPORT_WEBHOOK_SECRET_FILE is a placeholder, not a secret');
  expect(await send(SECRET)).toBe(200);
  rmSync(file);
  await waitFor(() => /cannot be read \(ENOENT\)/.test(service.output()), 20_000, service.output);
  expect(await send(SECRET)).toBe(200);
  writeFileSync(file, `${OTHER}\n`);
  await service.line(({ msg }) => msg === 'settings read again');
  expect(await send(OTHER)).toBe(200);
});

test('no request fails while settings are read again and again', async () => {
  const statuses: number[] = [];
  let on = true;
  const traffic = Promise.all(
    [1, 2, 3, 4].map(async () => {
      while (on) statuses.push(await send(SECRET));
    }),
  );
  for (let count = 0; count < 15; count++) {
    writeFileSync(file, count % 2 === 0 ? `${OTHER}\n${SECRET}\n` : `${SECRET}\n`);
    process.kill(service.pid, 'SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await waitFor(() => readAgain() >= 10, 20_000, service.output);
  on = false;
  await traffic;
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(service.events()).toHaveLength(statuses.length);
});

test('a file that is not there is no reason to read again and again', async () => {
  rmSync(file);
  await waitFor(() => /cannot be read \(ENOENT\)/.test(service.output()), 20_000, service.output);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(service.output().match(/cannot be read \(ENOENT\)/g)?.length).toBeLessThan(4);
  expect(await send(SECRET)).toBe(200);
});

test('files of settings that are not ours are not looked at', async () => {
  const { folder: place } = service;
  await service.kill('SIGKILL');
  const env = { FLEXPORT_WEBHOOK_SECRET_FILE: file, TOOL_CONFIG_FILE: join(place, 'nowhere') };
  service = await startService({ folder: place, env });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(readAgain()).toBe(0);
});
