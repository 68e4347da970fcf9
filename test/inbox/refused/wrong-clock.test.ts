/** What a wrong clock refused is taken in once the clock is right: by itself, over a restart, or by the tolerance of a person. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { judgeInTurn } from '../../../src/inbox/refused/judging.ts';
import { Rejection } from '../../../src/verify/verifier.ts';
import { useFolder } from '../../harness/folder.ts';
import { ROOT, SECRET } from '../../harness/project.ts';
import { type Service, startService } from '../../harness/service.ts';
import { shippoHeaders } from '../../harness/signing.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const { consignee } = useFolder();

let folder: string;
let service: Service | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterAll(async () => {
  await service?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Signed at minute 0; comes by our clock at that minute, after which the clock is set ahead by so much. */
test.each([
  ['a clock that was right', 0, 0, 0],
  ['a clock that was an hour ahead, and was set back', 60, -60, 0],
  ['a clock that was an hour behind, and was set right', -60, 60, 0],
  ['a clock that was right, and is an hour ahead now', 0, 60, 0],
  ['a clock that was an hour ahead, and still is', 60, 0, undefined],
  ['a replay that is an hour old', 60, 0.01, undefined],
  ['a replay that is an hour old beside a clock that was set to be so', 120, -60, undefined],
])('%s', async (_, atMinute, setMinutes, passesAt) => {
  const T = Date.UTC(2026, 5, 10, 12);
  const kept: number[] = [];
  const request = {
    number: 1,
    id: 'ref_1',
    source: 'one',
    receivedAt: T + atMinute * MINUTE_MS,
    clockStepMs: setMinutes * MINUTE_MS,
    code: 'hmac_timestamp',
    reason: '',
    address: '203.0.113.1',
    headers: '{}',
    credentials: '[]',
    enforced: 'hmac',
    body: Buffer.from('{}'),
  };
  const judge = judgeInTurn(['one'], {
    refused: {
      next: async (_, after) => (after === 0 ? [request] : []),
      newest: async () => 1,
      remove: async () => {},
    },
    verifiersOf: (_source, toleranceSeconds = 300) => [
      ({ receivedAt }) => {
        if (Math.abs(receivedAt - T) > toleranceSeconds * 1_000) throw new Rejection('hmac_timestamp');
        return { scheme: 'hmac' };
      },
    ],
    async keep({ receivedAt }) {
      kept.push(receivedAt);
      return { outcome: 'accepted', id: 'evt_1' };
    },
    note() {},
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await judge();
  expect(kept).toEqual(passesAt === undefined ? [] : [T + passesAt * MINUTE_MS]);
  if (passesAt !== undefined) return;
  expect(await judge({ toleranceSeconds: 3_600 * 3 })).toMatchObject([{ accepted: 1 }]);
});

const body = (n: number) => JSON.stringify({ event: 'track_updated', n });

async function send(to: Service, n: number): Promise<number> {
  const headers = shippoHeaders(SECRET, body(n));
  const answer = await fetch(`${to.url}/webhooks/shippo`, { method: 'POST', headers, body: body(n) });
  await answer.text();
  return answer.status;
}

test('a clock that is an hour ahead for a while', async () => {
  const clock = join(folder, 'clock');
  const setClock = (aheadMs: number) => {
    writeFileSync(`${clock}-new`, String(aheadMs));
    renameSync(`${clock}-new`, clock);
  };
  const env = {
    SHIPPO_WEBHOOK_SECRET: SECRET,
    CLOCK_FILE: clock,
    NODE_OPTIONS: `--import=${join(ROOT, 'test/fixtures/clock/set.ts')}`,
  };
  const options = { folder, env, knobs: { alarms: { lookMs: 50, calmMs: 200, diskFreeMb: 0 } } };
  setClock(0);
  service = await startService(options);
  expect(await send(service, 1)).toBe(200);

  setClock(HOUR_MS);
  await expect.poll(() => send(service as Service, 2)).toBe(401);
  const { msg, subject } = await service.line(({ alarm, level }) => alarm === 'clock' && level === 'error');
  expect(subject).toBeUndefined();
  expect(msg).toMatch(
    /^our clock is 60 minutes ahead of what the inbox knows of the time; nothing is purged$/,
  );
  for (let n = 3; n < 10; n++) expect(await send(service, n)).toBe(401);

  // Another process does not know what this one has seen, but the machine has not stopped.
  expect(await service.kill('SIGTERM')).toBe(0);
  service = await startService(options);
  expect(await send(service, 10)).toBe(401);
  setClock(0);
  const again = service;
  await expect.poll(() => again.events().length).toBe(10);
  expect(await send(again, 12)).toBe(200);
  const hours = again.sql<{ hours: number }>('SELECT max(received_at) AS hours FROM inbox');
  expect(Math.abs(Number(hours[0]?.hours) - Date.now())).toBeLessThan(10 * MINUTE_MS);
  expect((await again.line(({ alarm, level }) => alarm === 'clock' && level === 'info')).msg).toMatch(
    /^over/,
  );

  // With a clock that was wrong from the start nobody knows by how much.
  expect(await again.kill('SIGTERM')).toBe(0);
  const settings = { ...env, DATABASE_URL: `sqlite:${again.inboxPath}` };
  service = await startService(options);
  const recheck = (...more: string[]) =>
    consignee(['events', 'refused', 'recheck', ...more], {
      ...settings,
      CONSOLE_PORT: String((service as Service).consolePort),
    });
  const old = body(11);
  const headers = shippoHeaders(SECRET, old, Math.floor(Date.now() / 1_000) - 7_200);
  const sendOld = (to: Service) => fetch(`${to.url}/webhooks/shippo`, { method: 'POST', headers, body: old });
  expect((await sendOld(service)).status).toBe(401);
  expect((await recheck()).output).toMatch(/0 of 1 pass now/);
  expect((await recheck('--tolerance', 'long')).output).toContain('--tolerance wants a time');
  expect((await recheck('--tolerance', '1h')).output).toMatch(/0 of 1 pass now/);
  expect((await recheck('--tolerance', '3h')).output).toMatch(/1 of 1 pass now/);
  expect(service.events()).toHaveLength(12);

  // A start that is 61 days ahead takes nothing for older than it is.
  expect((await sendOld(service)).status).toBe(401);
  expect(await service.kill('SIGTERM')).toBe(0);
  setClock(61 * 24 * HOUR_MS);
  service = await startService(options);
  const list = await consignee(['events', 'refused', 'list', '--json'], settings);
  expect(list.records.filter(({ code }) => code === 'hmac_timestamp')).toHaveLength(1);
});
