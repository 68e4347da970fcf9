/**
 * Allowlists with host names and in files, through the real process. DNS is a server of the test; waits of five seconds and
 * more pass ten times as fast there (harness/local-dns.ts). Clients are told by a trusted proxy.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DnsServer, startDnsServer } from '../../harness/dns-server.ts';
import { localDns } from '../../harness/local-dns.ts';
import { SECRET } from '../../harness/project.ts';
import { type Service, startService } from '../../harness/service.ts';
import { flexportHeaders } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';

const NAME = 'hooks.example.com';
const OTHER_NAME = 'more.example.com';
const OLD = '203.0.113.7';
const NEW = '198.51.100.8';
const LITERAL = '192.0.2.9';

let dns: DnsServer;
let folder: string;
let service: Service;
beforeEach(async () => {
  dns = await startDnsServer();
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterEach(async () => {
  await service.kill('SIGKILL');
  await dns.close();
  rmSync(folder, { recursive: true });
});

async function start(env: Record<string, string>): Promise<void> {
  service = await startService({
    folder,
    env: { FLEXPORT_WEBHOOK_SECRET: SECRET, TRUST_PROXY: 'loopback', ...localDns(dns.port), ...env },
  });
}

let last = 0;
async function sendFrom(address: string): Promise<number> {
  const body = `{"id":${++last},"type":"allowed"}`;
  const headers = { ...flexportHeaders(SECRET, body), 'X-Forwarded-For': address };
  const response = await fetch(`${service.url}/webhooks/flexport`, { method: 'POST', headers, body });
  await response.text();
  return response.status;
}
const sendFromEach = async (...addresses: string[]) => {
  const statuses: number[] = [];
  for (const address of addresses) statuses.push(await sendFrom(address));
  return statuses;
};
const about = (text: string) => service.lines().filter(({ msg }) => String(msg).includes(text));

/** Sends until the answer is this one: what DNS says now is known once the TTL is over. */
async function untilAnswered(address: string, status: number): Promise<void> {
  for (const end = performance.now() + 15_000; (await sendFrom(address)) !== status; ) {
    if (performance.now() > end)
      throw new Error(`${address} is not answered by ${status}:\n${service.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a name’s addresses are allowed from the first request on, in both families and beside other rules', async () => {
  dns.zone.set(NAME, { a: [OLD, '127.0.0.1'], aaaa: ['2001:db8::7'] });
  await start({ FLEXPORT_ALLOW_FROM: `192.0.2.0/24,dns:${NAME}` });
  const allowed = [OLD, `::ffff:${OLD}`, '::FFFF:cb00:7107', '[2001:DB8:0::7]:443', LITERAL];
  expect(await sendFromEach(...allowed)).toEqual([200, 200, 200, 200, 200]);
  expect(await sendFromEach(NEW, '2001:db8::8', '127.0.0.1')).toEqual([403, 403, 403]);
  expect(service.events()).toHaveLength(5);
  // The IPv4 answer has an address that nobody out there has.
  expect(await service.line(({ msg }) => String(msg).startsWith('not all addresses'))).toMatchObject({
    level: 'warn',
    host: NAME,
  });
});

test('an address that DNS takes back is refused when the TTL is over; failures change nothing and are told once', async () => {
  dns.zone.set(NAME, { a: [OLD], ttlSeconds: 1 });
  await start({ FLEXPORT_ALLOW_FROM: `dns:${NAME}` });
  expect(await sendFromEach(OLD, NEW)).toEqual([200, 403]);
  dns.zone.set(NAME, { a: [NEW], ttlSeconds: 1 });
  await untilAnswered(NEW, 200);
  expect(await sendFrom(OLD)).toBe(403);
  await service.line(
    ({ host, added, removed }) => host === NAME && `${added} ${removed}` === `${NEW} ${OLD}`,
  );

  dns.zone.set(NAME, 'SERVFAIL');
  const asked = dns.asked(NAME);
  await waitFor(() => dns.asked(NAME) >= asked + 6, 15_000, service.output);
  expect(await sendFromEach(NEW, OLD)).toEqual([200, 403]);
  expect(about('cannot be looked up')).toMatchObject([{ level: 'warn', host: NAME }]);

  dns.zone.set(NAME, { a: [OLD], ttlSeconds: 1 });
  await untilAnswered(OLD, 200);
  await waitFor(() => about('can be looked up').length === 1, 20_000, service.output);
  expect(about('cannot be looked up')).toHaveLength(1);
});

test.each(['SERVFAIL', 'silence'] as const)(
  'without an answer at the start the rest of the list holds, and a late answer counts: %s',
  async (fault) => {
    dns.zone.set(NAME, fault);
    await start({ FLEXPORT_ALLOW_FROM: `${LITERAL},dns:${NAME}` });
    expect(await sendFromEach(LITERAL, OLD)).toEqual([200, 403]);
    expect(about('it allows nobody yet')).toMatchObject([{ level: 'warn', host: NAME }]);
    dns.zone.set(NAME, { a: [OLD] });
    await untilAnswered(OLD, 200);
    expect(about('it allows nobody yet')).toHaveLength(1);
  },
);

test('fifty names and a name with 500 addresses are no trouble', async () => {
  const many = Array.from({ length: 49 }, (_, at) => `h${at}.example.com`);
  for (const [at, name] of many.entries()) dns.zone.set(name, { a: [`203.0.113.${at}`] });
  dns.zone.set(NAME, { a: Array.from({ length: 500 }, (_, at) => `198.51.${at >> 8}.${at & 255}`) });
  await start({ FLEXPORT_ALLOW_FROM: [...many, NAME].map((name) => `dns:${name}`).join() });
  expect(await sendFromEach('203.0.113.0', '203.0.113.48', '203.0.113.49')).toEqual([200, 200, 403]);
  expect(await sendFromEach('198.51.0.0', '198.51.2.0')).toEqual([200, 403]);
  expect(service.output()).not.toContain('MaxListeners');
});

test('a changed file is read again: names that stay keep what they know, new ones are known before it holds', async () => {
  const file = join(folder, 'senders');
  writeFileSync(file, `# senders\ndns:${NAME} # ours\n${LITERAL}\n`);
  dns.zone.set(NAME, { a: [OLD], ttlSeconds: 3_600 });
  await start({ FLEXPORT_ALLOW_FROM_FILE: file });
  expect(await sendFromEach(OLD, LITERAL, NEW)).toEqual([200, 200, 403]);

  dns.zone.set(NAME, 'SERVFAIL');
  const statuses: number[] = [];
  let on = true;
  const traffic = (async () => {
    while (on) statuses.push(...(await sendFromEach(OLD, LITERAL)));
  })();
  // The first question is lost, so the answer takes its time.
  dns.zone.set(OTHER_NAME, 'silence');
  writeFileSync(file, `dns:${NAME},\ndns:${OTHER_NAME}\n`);
  await waitFor(() => dns.asked(OTHER_NAME) >= 2, 20_000, service.output);
  dns.zone.set(OTHER_NAME, { a: [LITERAL, NEW], ttlSeconds: 3_600 });
  await untilAnswered(NEW, 200);
  on = false;
  await traffic;
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(dns.asked(NAME)).toBe(2);
  expect(about('cannot be looked up')).toEqual([]);

  writeFileSync(file, `dns:${OTHER_NAME}\n`);
  await untilAnswered(OLD, 403);
  expect(await sendFrom(LITERAL)).toBe(200);
});

test('a new name that DNS is silent about delays a changed list, and lets nobody in', async () => {
  const file = join(folder, 'senders');
  writeFileSync(file, `${LITERAL}\n`);
  dns.zone.set(NAME, 'silence');
  await start({ FLEXPORT_ALLOW_FROM_FILE: file });
  writeFileSync(file, `${OLD}\ndns:${NAME}\n`);
  await untilAnswered(OLD, 200);
  expect(await sendFromEach(LITERAL, NEW)).toEqual([403, 403]);
  expect(about('it allows nobody yet')).toHaveLength(1);
});

test('a file that is spoilt leaves the old list in force', async () => {
  const file = join(folder, 'senders');
  writeFileSync(file, `${LITERAL}\n`);
  await start({ FLEXPORT_ALLOW_FROM_FILE: file });
  for (const spoilt of ['', '# nobody\n', '0.0.0.0/0\n', 'hooks.example.com\n']) {
    const before = about('old ones stay in force').length;
    writeFileSync(file, spoilt);
    process.kill(service.pid, 'SIGHUP');
    await waitFor(() => about('old ones stay in force').length > before, 20_000, service.output);
    expect(await sendFromEach(LITERAL, NEW)).toEqual([200, 403]);
  }
  expect(service.output()).toContain('dns:<name>');
});
