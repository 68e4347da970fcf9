/** `consignee secret`: fresh secrets, a view of the live ones, and a change from beginning to end beside the service. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Run, run } from '../harness/command.ts';
import { useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import type { RunningService } from '../harness/service.ts';
import { flintnHeaders } from '../harness/signing.ts';
import { waitFor } from '../harness/waiting.ts';

const OLD = 'old-secret-of-the-merchant-0123456789abcdef0123456789abcdef0123456';
const NEW = 'new-secret-of-the-merchant-0123456789abcdef0123456789abcdef0123456';
const DAY_MS = 86_400_000;

const { consignee } = useFolder();
let folder: string;
let file: string;
let service: RunningService | undefined;
let rotating: Run | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  file = join(folder, 'flintn-secret');
  writeFileSync(file, `${OLD}\n`);
});
afterEach(async () => {
  rotating?.process.kill('SIGKILL');
  await service?.stop();
  service = undefined;
  rmSync(folder, { recursive: true });
});

const env = () => ({
  FLINTN_WEBHOOK_SECRET_FILE: file,
  DATABASE_URL: `sqlite:${join(folder, 'inbox.db')}`,
});
const secret = (args: readonly string[], more: Record<string, string> = {}) =>
  consignee(['secret', ...args], { ...env(), ...more }, folder);

function rotate(...args: string[]): Run {
  rotating = run(['secret', 'rotate', ...args], { env: env(), cwd: folder });
  return rotating;
}

let last = 0;
async function deliver(key: string): Promise<number> {
  const body = JSON.stringify({ event_type: 'TRANSACTION_SETTLED', event_id: `e-${++last}`, data: {} });
  const url = `${service?.url}/webhooks/flintn`;
  const response = await fetch(url, { method: 'POST', headers: flintnHeaders(key, body), body });
  await response.text();
  return response.status;
}

test('generate prints a fresh secret and nothing else', async () => {
  const [one, other] = [await secret(['generate']), await secret(['generate'])];
  expect([one.code, one.output]).toEqual([0, expect.stringMatching(/^[0-9a-f]{64}\n$/)]);
  expect(other.output).not.toBe(one.output);
  const { output } = await secret(['generate', '--standard-webhooks']);
  expect(output).toMatch(/^whsec_[A-Za-z0-9+/]{43}=\n$/);
});

test('show tells of each live secret by mask, place, age and use, and of none by its value', async () => {
  service = await openService({ folder, env: env() });
  expect([await deliver(OLD), await deliver(OLD)]).toEqual([200, 200]);
  await service.stop();
  writeFileSync(file, `${NEW}\n${OLD}\n`);
  const during = await secret(['show', 'flintn']);
  expect(during.code).toBe(0);
  const [title, current, retired] = during.output.split('\n');
  expect(title).toBe(`flintn  hmac  FLINTN_WEBHOOK_SECRET_FILE in ${file}`);
  expect(current).toMatch(
    /^ {2}line 1 {4}new-se…3456 \(fingerprint \w{12}\) {2}0 days old by its file {2}not used yet$/,
  );
  expect(retired).toMatch(
    /^ {2}line 2 {4}old-se…3456 \(fingerprint \w{12}\) {2}last used just now, 2 times in all$/,
  );
  expect(during.output).not.toContain(OLD);
  expect(during.output).not.toContain(NEW);

  service = await openService({ folder, env: env() });
  expect(await deliver(NEW)).toBe(200);
  await service.stop();
  const database = new DatabaseSync(service.inboxPath, { timeout: 5_000 });
  database.prepare('UPDATE secret_uses SET last_at = last_at - ? WHERE count = 2').run(DAY_MS);
  database.close();
  const after = await secret(['show']);
  expect(after.output).toMatch(/line 2 .*last used 1 day ago, 2 times in all {2}safe to remove\n/);
  expect(after.output).toContain('shippo  no live secret\n');
});

test('show works before the first start, and knows the age that a setting tells', async () => {
  const token = { SHIPPO_WEBHOOK_TOKEN: OLD, SHIPPO_WEBHOOK_TOKEN_PREVIOUS: NEW };
  const { output } = await secret(['show', 'shippo'], token);
  expect(output).toMatch(
    /^shippo {2}token {2}SHIPPO_WEBHOOK_TOKEN\n {2}current {3}old-se….*age not known {2}not used yet\n {2}previous {2}new-se…/,
  );
  const since = new Date(Date.now() - 7 * DAY_MS).toISOString().slice(0, 10);
  const dated = await secret(['show', 'shippo'], { ...token, SHIPPO_WEBHOOK_TOKEN_SINCE: since });
  expect(dated.output).toContain('7 days old by SHIPPO_WEBHOOK_TOKEN_SINCE');
});

test('rotate leads through the change and ends when a delivery has been proved with the new secret', async () => {
  service = await openService({ folder, env: env() });
  expect(await deliver(OLD)).toBe(200);
  const { process: command, output } = rotate('flintn', '--wait', '60');
  const ended = once(command, 'close');
  await waitFor(() => output().includes('Waiting 60 seconds'), 20_000, output);
  const places = ['Rotate Secret', `Put the new one into ${file} as the first line`, 'is dead the moment'];
  const found = places.map((text) => output().indexOf(text));
  expect(found.every((place) => place >= 0)).toBe(true);
  expect(found).toEqual([...found].sort((a, b) => a - b));
  // As at the provider: it signs with the new one before anybody here knows it.
  expect(await deliver(NEW)).toBe(401);
  writeFileSync(file, `${NEW}\n${OLD}\n`);
  await service.line(({ msg }) => msg === 'a refused request passes now');
  expect(await deliver(NEW)).toBe(200);
  const [code] = await ended;
  expect(code).toBe(0);
  expect(output()).toMatch(/The new secret is in use: new-se…3456 \(fingerprint \w{12}\) proved a delivery/);
  expect(output()).toMatch(/The line 2 one, old-se…3456 .* take it out of FLINTN_WEBHOOK_SECRET_FILE/);
  expect(output()).not.toContain(OLD);
  expect(output()).not.toContain(NEW);
});

test('deliveries with the old secret are none with a new one: the time runs out, with exit 2', async () => {
  service = await openService({ folder, env: env() });
  const { process: command, output } = rotate('flintn', '--wait', '8');
  const ended = once(command, 'close');
  await waitFor(() => output().includes('Waiting 8 seconds'), 20_000, output);
  expect([await deliver(OLD), await deliver(NEW)]).toEqual([200, 401]);
  const [code] = await ended;
  // The service had written the use by then, so that it was there to be mistaken.
  expect(service.sql('SELECT * FROM secret_uses')).toHaveLength(1);
  expect([code, output()]).toEqual([2, expect.stringContaining('The time is over')]);
  expect(output()).toContain('1 request of flintn wait as refused');
});

test('a new secret that is live here before it is used counts as new', async () => {
  writeFileSync(file, `${NEW}\n${OLD}\n`);
  service = await openService({ folder, env: env() });
  const { process: command, output } = rotate('flintn', '--wait', '60');
  const ended = once(command, 'close');
  await waitFor(() => output().includes('Waiting'), 20_000, output);
  expect([await deliver(OLD), await deliver(NEW)]).toEqual([200, 200]);
  expect((await ended)[0]).toBe(0);
  expect(output()).toContain('in use: new-se…3456');
});

test('Ctrl-C ends the waiting and leaves everything as it was', async () => {
  const { process: command, output } = rotate('flintn');
  const ended = once(command, 'exit');
  await waitFor(() => output().includes('Waiting 600 seconds'), 20_000, output);
  command.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
});

test('each provider has its own steps, in their own order', async () => {
  const settings = {
    FLEXPORT_WEBHOOK_SECRET: `${OLD}1`,
    SHIPPO_WEBHOOK_SECRET: `${OLD}2`,
    SHIPPO_WEBHOOK_TOKEN: `${OLD}3`,
    FLATFILE_JWT_SECRET: `${OLD}4`,
    FLINTN_WEBHOOK_TOKEN: `${OLD}5`,
  };
  const order: Record<string, RegExp> = {
    flexport:
      /1\. Make a new one.*2\. Here, set FLEXPORT_WEBHOOK_SECRET .*3\. In Flexport’s account settings/s,
    shippo: /SHIPPO_WEBHOOK_TOKEN .*Settings, API, Webhooks, Edit.*10 business days.*SHIPPO_WEBHOOK_SECRET /s,
    flatfile:
      /1\. Make.*2\. Here, set FLATFILE_JWT_SECRET .*3\. In Flatfile, replace the value under Secrets/s,
    flintn:
      /Flintn, token.*2\. Here, set FLINTN_WEBHOOK_TOKEN .*3\. At the provider.*Flintn, hmac.*Rotate Secret/s,
  };
  for (const [source, steps] of Object.entries(order)) {
    const { code, output } = await secret(['rotate', source, '--wait', '0'], settings);
    expect([code, output]).toEqual([2, expect.stringMatching(steps)]);
    expect(output).not.toContain(OLD);
  }
});

test('mistakes are told with the usage, and what may be a secret is not repeated', async () => {
  for (const args of [
    ['show', NEW],
    ['rotate', NEW],
    [NEW],
    ['rotate', 'flintn', 'shippo'],
    ['rotate'],
    ['rotate', 'shippo'],
    ['rotate', 'flintn', '--wait', 'long'],
  ]) {
    const { code, output } = await secret(args);
    expect(code, args.join(' ')).toBe(64);
    expect(output).toContain('Usage: npm run secret');
    expect(output).not.toContain(NEW);
  }
  const { code, output } = await secret(['show'], { FLINTN_WEBHOOK_SECRET: 'changeme' });
  expect([code, output]).toEqual([78, expect.stringContaining('FLINTN_WEBHOOK_SECRET')]);
});
