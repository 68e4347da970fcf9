/** The walk-through of docs/handlers.md, done as it is written: its files, its types, its test, its events. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runToEnd } from '../harness/command.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { type Service, startService } from '../harness/service.ts';
import { waitFor } from '../harness/waiting.ts';
import { rejectedBy } from './rejections.ts';

/** Wants a package that the project does not have. */
const NEEDS_A_PACKAGE = ['config/parcels.ts'];

/** What is there before the reader writes a line. */
const PROJECT = ['src', 'bin', 'node_modules', 'package.json', 'tsconfig.json'];

const filesOf = (page: string) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^`(\S+\.ts)`:\n\n```ts\n(.*?)^```$/gms)]
    .map(([, name, code]) => [name as string, code as string] as const)
    .filter(([name]) => !NEEDS_A_PACKAGE.includes(name));
const files = filesOf('docs/handlers.md');
const MISSPELT = 'config/misspelt.ts';
const TARGETS = 'targets/sources.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-docs-'));
  mkdirSync(join(folder, 'test'));
  for (const name of PROJECT) symlinkSync(join(ROOT, name), join(folder, name));
  for (const [name, code] of files) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), code);
  }
  const [targets] = filesOf('docs/targets.md');
  mkdirSync(join(folder, dirname(TARGETS)));
  writeFileSync(join(folder, TARGETS), (targets as (typeof files)[number])[1]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Of all files that have a type to be right or wrong about at once: each run of the compiler costs seconds. */
function typeErrors(): string[] {
  const include = [...files.map(([name]) => name), MISSPELT, TARGETS];
  const settings = {
    extends: './tsconfig.json',
    compilerOptions: { typeRoots: [join(ROOT, 'node_modules/@types')] },
  };
  writeFileSync(join(folder, 'page.json'), JSON.stringify({ ...settings, include, files: include }));
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '-p', 'page.json'], {
    cwd: folder,
  });
  return stdout.toString().match(/^.*error TS.*$/gm) ?? [];
}

test('the page has the files it speaks of', () => {
  const names = ['config/orders.ts', 'config/rejections.ts', 'config/sources.ts', 'test/orders.test.ts'];
  expect(files.map(([name]) => name).sort()).toEqual(names);
});

test('they and the wiring of the page on targets have the right types, and a misspelt member is found', () => {
  const [, code] = files.find(([name]) => name === 'config/orders.ts') as (typeof files)[number];
  writeFileSync(join(folder, MISSPELT), code.replace('tracking_status: state', 'tracking_state: state'));
  // And nothing else.
  expect(typeErrors()).toEqual([
    expect.stringMatching(/config\/misspelt\.ts.*'tracking_state' does not exist/),
  ]);
});

test('what the wiring of the page on targets lacks is said at boot', async () => {
  const { code, output } = await runToEnd(['check', '--config', join(folder, dirname(TARGETS))], { env: {} });
  expect(code).toBe(1);
  for (const said of [
    'url of forward is missing',
    'ORDERS_SIGNING_SECRET *is not set',
    'program of ./print-label.sh is ./print-label.sh, which is not',
  ]) {
    expect(output).toMatch(new RegExp(said));
  }
});

test('the test of the page passes', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--test', 'test/orders.test.ts'], {
    cwd: folder,
  });
  expect(status, `${stdout}${stderr}`).toBe(0);
});

test('the reply of the page marks the records it means to', async () => {
  const module = (await import(join(folder, 'config/rejections.ts'))) as { rejectRecords: never };
  expect(await rejectedBy(module.rejectRecords)).toEqual(['us_rc_2']);
});

test('a sample that is sent reaches the order service, once, under its key', async () => {
  const got: { path: string; key: unknown; body: unknown }[] = [];
  const orders = createServer(async (request: IncomingMessage, response) => {
    const body = JSON.parse(await text(request));
    got.push({ path: request.url as string, key: request.headers['idempotency-key'], body });
    response.end('{"saved":true}');
  }).listen(0, '127.0.0.1');
  await once(orders, 'listening');
  const ORDERS_URL = `http://127.0.0.1:${(orders.address() as AddressInfo).port}`;
  const config = join(folder, 'config');
  const env = { SHIPPO_WEBHOOK_SECRET: SECRET, ORDERS_URL };
  const service: Service = await startService({ config, env });
  try {
    const number = 'data.tracking_number=9205590164917312751089';
    const args = ['send', 'shippo', '--set', number, '--to', service.url, '--config', config];
    const sent = await runToEnd(args, { env });
    expect(sent.code, sent.output).toBe(0);
    await waitFor(() => service.sql('SELECT * FROM work').length === 0, 20_000, service.output);
    const [event] = service.events();
    const id = `evt_${event?.number.toString(16).padStart(14, '0')}`;
    const path = '/parcels/usps/9205590164917312751089';
    expect(got).toEqual([{ path, key: id, body: { status: 'DELIVERED', since: expect.any(String) } }]);
    const shown = await runToEnd(['events', 'show', id, '--config', config], {
      env: { ...env, DATABASE_URL: `sqlite:${service.inboxPath}` },
    });
    expect(shown.output).toMatch(/shippo\/orders {2}#1 {2}done {2}\d+ ms {2}200\n {6}\| \{"saved":true\}/);
  } finally {
    await service.stop();
    orders.close();
  }
});
