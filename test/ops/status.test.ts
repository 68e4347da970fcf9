/** `consignee status`, and what `check` says of the running service: the same facts, from the start to an inbox that is gone. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServiceStatus } from '../../src/serve/status.ts';
import { useFolder } from '../harness/folder.ts';
import { freshDatabase } from '../harness/postgres.ts';
import { SECRET } from '../harness/project.ts';
import { type Service, startService } from '../harness/service.ts';
import { flexportHeaders, shippoHeaders } from '../harness/signing.ts';

const { folder, consignee } = useFolder();
const SECRETS = { FLEXPORT_WEBHOOK_SECRET: SECRET, SHIPPO_WEBHOOK_SECRET: SECRET };
const WRONG = 'another-secret-that-is-long-enough-as-well';
const EXIT_UNAVAILABLE = 69;

let service: Service;
beforeAll(async () => {
  const alarms = { lookMs: 100, diskFreeMb: 0 };
  service = await startService({ env: { ...SECRETS, REQUIRE_HTTPS: 'false' }, knobs: { alarms } });
});
afterAll(() => service.stop());

const settings = (more: Readonly<Record<string, string>> = {}) => ({
  ...SECRETS,
  REQUIRE_HTTPS: 'false',
  DATABASE_URL: `sqlite:${service.inboxPath}`,
  CONSOLE_PORT: String(service.consolePort),
  ...more,
});

async function statusOf(env = settings()): Promise<{ code: number | null; status: ServiceStatus }> {
  const { code, records } = await consignee(['status', '--json'], env);
  return { code, status: records[0] as unknown as ServiceStatus };
}

const sourceOf = ({ sources }: ServiceStatus, name: string) => sources.find(({ source }) => source === name);

async function post(
  source: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<number> {
  const url = `${service.url}/webhooks/${source}`;
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.text();
  return response.status;
}

async function check(env = settings()) {
  const { code, records } = await consignee(['check', '--json'], env);
  const of = (subject: string) => records.filter((one) => one.subject === subject);
  return { code, of };
}

test('all is well in six lines of 80 columns, and sources wait for their first event', async () => {
  const { code, output } = await consignee(['status'], settings());
  expect([code, output]).toEqual([0, expect.stringMatching(/^well {7}takes events in; no alarm; version /)]);
  const lines = output.trimEnd().split('\n');
  expect(lines).toHaveLength(6);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(output).toMatch(/^last seen {2}waiting for the first event: flexport, shippo$/m);
  expect(output).toMatch(/^today {6}flexport 0, shippo 0; usual: not known yet$/m);
  expect(output).not.toContain(SECRET);
  expect(await check()).toMatchObject({ code: 0 });
  expect((await check()).of('service')).toMatchObject([{ verdict: 'pass' }]);
});

test('what came is counted, and when; a source of which all is refused is an alarm, and makes check fail', async () => {
  const body = '{"id":1,"type":"x"}';
  expect(await post('flexport', flexportHeaders(SECRET, body), body)).toBe(200);
  for (let nth = 0; nth < 12; nth++) {
    const one = JSON.stringify({ event: 'track_updated', nth });
    expect(await post('shippo', shippoHeaders(WRONG, one), one)).toBe(401);
  }
  await service.line(({ alarm, level }) => alarm === 'refusals' && level === 'error');
  const refusedOf = async () => sourceOf((await statusOf()).status, 'shippo')?.lastHour?.refused;
  await expect.poll(refusedOf, { timeout: 20_000 }).toEqual({ hmac_mismatch: 12 });
  const { code, status } = await statusOf();
  expect([code, status.isWell]).toEqual([1, false]);
  expect(status.alarms).toMatchObject([{ kind: 'refusals', subject: 'shippo' }]);
  expect(sourceOf(status, 'flexport')).toMatchObject({ today: 1, usual: null, lastHour: { taken: 1 } });
  expect(Date.now() - Date.parse(sourceOf(status, 'flexport')?.lastAt ?? '')).toBeLessThan(60_000);
  expect(sourceOf(status, 'shippo')).toMatchObject({ today: 0, lastAt: null });
  const { output } = await consignee(['status'], settings());
  expect(output).toMatch(/^NOT WELL {3}takes events in; 1 alarm;/);
  expect(output).toMatch(/^refused {4}shippo 12 hmac_mismatch in the last hour$/m);
  expect(output).toMatch(/^ALARM {6}refusals, since \d\d:\d\dZ: shippo: /m);
  expect(output).toContain('SHIPPO_WEBHOOK_SECRET_PREVIOUS');

  const checked = await check();
  expect(checked.code).toBe(1);
  expect(checked.of('alarm refusals')).toMatchObject([
    { verdict: 'fail', says: expect.stringContaining('SHIPPO_WEBHOOK_SECRET_PREVIOUS') },
  ]);
  expect(checked.of('shippo last hour')).toMatchObject([
    {
      verdict: 'fail',
      says: expect.stringMatching(/^of 12 requests all were not taken in \(12 hmac_mismatch\)/),
    },
  ]);
  expect(checked.of('flexport last hour')).toMatchObject([
    { verdict: 'pass', says: '1 request taken in, none refused' },
  ]);
  expect(service.events()).toHaveLength(1);
});

test('where no service answers, or another one, what is counted is told, and the rest is not known', async () => {
  const silent = await statusOf(settings({ CONSOLE_PORT: '1' }));
  expect([silent.code, silent.status]).toMatchObject([
    EXIT_UNAVAILABLE,
    { isWell: null, service: null, alarms: null, clock: null, handlers: { dead: 0, resting: null } },
  ]);
  expect(sourceOf(silent.status, 'shippo')?.lastHour?.refused).toEqual({ hmac_mismatch: 12 });
  const { output } = await consignee(['status'], settings({ CONSOLE_PORT: '0' }));
  expect(output).toMatch(/^not known {2}CONSOLE_PORT is 0: set it /);
  expect(output).toMatch(/resting: not known$/m);
  const other = await statusOf(settings({ DATABASE_URL: `sqlite:${join(folder, 'other.db')}` }));
  expect(other.code).toBe(EXIT_UNAVAILABLE);
  expect(other.status.unknown).toEqual([
    { what: 'service', why: expect.stringContaining('has another inbox') },
    { what: 'counts', why: expect.stringContaining('there is no inbox') },
    { what: 'handlers', why: expect.stringContaining('there is no inbox') },
  ]);
  expect(sourceOf(other.status, 'flexport')).toMatchObject({ today: null, lastAt: null, lastHour: null });
  const checked = await check(settings({ DATABASE_URL: `sqlite:${join(folder, 'other.db')}` }));
  expect(checked.code).toBe(0);
  expect(checked.of('service')).toMatchObject([{ verdict: 'not known' }]);
  expect(checked.of('counts, handlers')).toMatchObject([{ verdict: 'not known' }]);
});

test('a console that wants its token says so, and --json and settings are as everywhere', async () => {
  const locked = await startService({ env: { ...SECRETS, REQUIRE_HTTPS: 'false', CONSOLE_TOKEN: SECRET } });
  const env = {
    DATABASE_URL: `sqlite:${locked.inboxPath}`,
    CONSOLE_PORT: String(locked.consolePort),
  };
  const without = await statusOf(settings(env));
  expect(without.code).toBe(EXIT_UNAVAILABLE);
  expect(without.status.unknown[0]?.why).toContain('does not take this CONSOLE_TOKEN (401)');
  expect((await statusOf(settings({ ...env, CONSOLE_TOKEN: SECRET }))).code).toBe(0);
  await locked.stop();
  expect((await consignee(['status'], settings({ PORT: 'http' }))).code).toBe(78);
});

test('an inbox that is gone is not well, for status and for check', async () => {
  renameSync(service.inboxPath, `${service.inboxPath}-away`);
  await service.line(({ trouble }) => trouble === 'gone');
  await service.line(({ alarm }) => alarm === 'inbox');
  const { code, status } = await statusOf();
  expect([code, status]).toMatchObject([1, { isWell: false, service: { isReady: false } }]);
  // Worst first.
  expect(status.alarms?.[0]?.kind).toBe('inbox');
  const checked = await check();
  expect(checked.code).toBe(1);
  expect(checked.of('service')).toMatchObject([
    { verdict: 'fail', says: expect.stringContaining('every webhook is answered with 503') },
  ]);
  expect(checked.of('alarm inbox')).toMatchObject([
    { verdict: 'fail', says: expect.stringContaining('events rescue') },
  ]);
  renameSync(`${service.inboxPath}-away`, service.inboxPath);
});

test('with PostgreSQL any replica tells what all have counted', async () => {
  const database = await freshDatabase();
  const env = { ...SECRETS, REQUIRE_HTTPS: 'false' };
  const replicas = await Promise.all([1, 2].map(() => startService({ env, database: database.url })));
  const [one, other] = replicas as [Service, Service];
  const body = '{"id":1,"type":"x"}';
  const url = `${one.url}/webhooks/flexport`;
  await fetch(url, { method: 'POST', headers: flexportHeaders(SECRET, body), body });
  await one.stop();
  const { code, status } = await statusOf(
    settings({ DATABASE_URL: database.url, CONSOLE_PORT: String(other.consolePort) }),
  );
  expect([code, status]).toMatchObject([0, { isWell: true, replicas: 1 }]);
  expect(sourceOf(status, 'flexport')).toMatchObject({ today: 1, lastHour: { taken: 1 } });
  await other.stop();
  await database.drop();
});
