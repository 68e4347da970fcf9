/**
 * What is lost, or fails again and again, is told at once, through the real service: one service for all of it, since each of these is
 * about another source or handler.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tell, tries, untilOutcome } from '../../harness/deliver.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders, flintnHeaders, shippoHeaders } from '../../harness/signing.ts';
import { alarmed, alarmLines, looks, metricLines, over, raised } from './alarmed.ts';

const TOKEN = 'a-token-of-letters-and-digits-0123456789';
const BODY = '{"event":"track_updated","id":"1","type":"told"}';
const SIGNED = {
  shippo: shippoHeaders(SECRET, BODY),
  flintn: flintnHeaders(SECRET, BODY),
  flexport: flexportHeaders(SECRET, BODY),
};

let folder: string;
let service: RunningService;
beforeAll(async () => {
  const begun = Date.now();
  const crashes = [3, 2, 1].map((minutes) => begun - minutes * 60_000);
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  writeFileSync(join(folder, 'inbox.db-starts'), JSON.stringify([begun - 86_400_000, ...crashes]));
  service = await openService(
    alarmed(
      { windowMs: 600_000 },
      {
        folder,
        env: {
          TRUST_PROXY: 'loopback',
          SHIPPO_WEBHOOK_TOKEN: TOKEN,
          SHIPPO_ALLOW_FROM: '203.0.113.0/24',
        },
      },
      'FLINTN',
    ),
  );
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

async function post(path: string, from: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { ...headers, 'X-Forwarded-For': from },
    body: BODY,
  });
  await response.text();
  return response.status;
}

test('a request with the right token from an address off the list is told of at the first one', async () => {
  // Anybody may try a door.
  for (let nth = 0; nth < 30; nth++) expect(await post('/webhooks/shippo', '192.0.2.7', {})).toBe(403);
  await looks(service);
  expect(alarmLines(service, 'lost')).toEqual([]);
  expect(await post(`/webhooks/shippo?token=${TOKEN}`, '198.51.100.9', SIGNED.shippo)).toBe(403);
  const line = await raised(service, 'lost');
  expect(line).toMatchObject({ subject: 'shippo', fix: expect.stringContaining('SHIPPO_ALLOW_FROM') });
  expect(line.msg).toMatch(
    /^shippo: 1 request was refused, with a right secret, since \d\d:\d\d UTC from 198\.51\.100\.9 \(1\): the client address is not on the allowlist; not kept, and Shippo takes 403 for a last word: lost$/,
  );
  expect(service.events()).toEqual([]);
  expect(service.output()).not.toContain(TOKEN);
});

test('what has the provider’s form is told of from twenty on: a wrong path, and a source that is off', async () => {
  for (let nth = 0; nth < 19; nth++) {
    expect(await post('/webhooks/flintn', '198.51.100.7', SIGNED.flintn)).toBe(404);
    expect(await post('/webhooks/jobs/', '198.51.100.8', SIGNED.flexport)).toBe(404);
    expect(await post('/elsewhere', '198.51.100.6', {})).toBe(404);
  }
  await looks(service);
  expect(alarmLines(service, 'lost').map(({ subject }) => subject)).toEqual(['shippo']);
  await post('/webhooks/flintn', '198.51.100.7', SIGNED.flintn);
  await post('/webhooks/jobs/', '198.51.100.8', SIGNED.flexport);
  const of = (name: string) => service.line(({ alarm, subject }) => alarm === 'lost' && subject === name);
  expect(await of('flintn')).toMatchObject({
    msg: expect.stringMatching(
      /^flintn: 20 requests were refused, with a signature of Flintn’s form, which anybody can write, since \d\d:\d\d UTC from 198\.51\.100\.7 \(20\): there is nothing at this path; not kept, and Flintn takes 404 for a last word: lost$/,
    ),
    fix: expect.stringMatching(/^flintn is off: set FLINTN_WEBHOOK_SECRET/),
  });
  expect(await of('jobs')).toMatchObject({
    msg: expect.stringContaining('not kept, and Flexport tries again, for how long is not known'),
    fix: expect.stringContaining('so that it ends in /webhooks/jobs, letter for letter'),
  });
  expect(service.events()).toEqual([]);
});

test('a handler whose last attempts all failed is told of, until one succeeds', async () => {
  const id = await tell(service, 'jobs', ...Array.from({ length: 60 }, () => 'throw'), 'ok');
  const line = await raised(service, 'failing');
  expect(line).toMatchObject({
    subject: 'jobs/work',
    fix: expect.stringContaining('`consignee events replay --state pending --handler jobs/work`'),
  });
  expect(line.msg).toMatch(
    /^jobs\/work: its last [2-9]\d attempts all failed, since \d\d:\d\d UTC; (0 events wait|1 event waits), and nothing is lost$/,
  );
  await untilOutcome(service, id, 'done');
  expect(tries(service, id)).toHaveLength(61);
  await over(service, 'failing');
});

test('a handler that ends its thread is told of, and named', async () => {
  const id = await tell(service, 'jobs', 'exit', 'ok');
  const line = await raised(service, 'apart');
  expect(line.msg).toMatch(/^jobs\/work runs in a thread of its own: /);
  await untilOutcome(service, id, 'done');
});

test('a service that has ended three times without being stopped says so, and forgets when it is stopped', async () => {
  const line = await raised(service, 'restarts');
  expect(line.msg).toMatch(/^the service has ended 3 times in 3 minutes without being stopped, since it was/);
  expect(await metricLines(service)).toContain('consignee_alarm{kind="restarts",subject=""} 1');
  const path = `${service.inboxPath}-starts`;
  const read = () => JSON.parse(readFileSync(path, 'utf8')) as number[];
  expect(read()).toHaveLength(5);
  await service.stop();
  expect([existsSync(path), read().length]).toEqual([true, 4]);
});
