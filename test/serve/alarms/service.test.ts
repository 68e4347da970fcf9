/** Alarms through the real service: each begins with the words a person acts on, is told once, and has an end. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runToEnd } from '../../harness/command.ts';
import { deliver, tell, told, untilOutcome } from '../../harness/deliver.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flintnHeaders, shippoHeaders } from '../../harness/signing.ts';
import { alarmed, alarmLines, discard, looks, metricLines, over, raised, send } from './alarmed.ts';

let service: RunningService;

const WRONG = 'another-secret-that-is-long-enough-as-well';
let count = 0;
const body = () => JSON.stringify({ event_type: 'TRANSACTION_SETTLED', event_id: `e-${++count}`, data: {} });

async function flintn(to: RunningService, secret: string, times: number): Promise<number[]> {
  const one = body();
  const headers = flintnHeaders(secret, one);
  return await Promise.all(Array.from({ length: times }, () => send(to, 'flintn', headers, one)));
}

describe('one service, in which one thing after the other goes wrong and is over', () => {
  beforeAll(async () => {
    service = await openService(alarmed());
  });
  afterAll(() => service.stop());

  test('a service that gets little, or now and then something wrong, raises nothing', async () => {
    await looks(service);
    await flintn(service, SECRET, 1);
    await flintn(service, WRONG, 5);
    await tell(service, 'jobs', 'ok');
    await looks(service, 1_000);
    expect(alarmLines(service)).toEqual([]);
    expect(await metricLines(service)).toEqual([]);
  });

  test('events that die are told of, and over once somebody has seen to them', async () => {
    const ids = [
      await tell(service, 'jobs', 'decline'),
      await tell(service, 'jobs', 'decline', 'decline', 'ok'),
    ];
    for (const id of ids) await untilOutcome(service, id, 'dead');
    const line = await raised(service, 'dead');
    expect(line).toMatchObject({
      subject: 'jobs/work',
      msg: expect.stringMatching(/^jobs\/work: (1 event has|2 events have) died/),
    });
    expect(line.fix).toContain('events list --state dead --source jobs');
    for (const id of ids) await discard(service, id);
    await over(service, 'dead');
  });

  test('a target that is down is named at once, and is over when it takes events', async () => {
    const down = join(service.folder, 'down');
    writeFileSync(down, '');
    await deliver(service, 'far', told('ok'));
    await deliver(service, 'far', told('ok'));
    const line = await raised(service, 'failing');
    expect(line).toMatchObject({
      subject: 'far/deliver',
      fix: expect.stringContaining('Bring the other side back'),
    });
    expect(line.msg).toMatch(
      /^far\/deliver: what it delivers to is down and gets one event now and then; (1 event waits|2 events wait), and nothing is lost$/,
    );
    expect(await metricLines(service)).toContain('consignee_alarm{kind="failing",subject="far/deliver"} 1');
    rmSync(down);
    expect((await over(service, 'failing')).subject).toBe('far/deliver');
  });

  test('a clock that is off is told of while the requests still pass', async () => {
    const seconds = Math.floor(Date.now() / 1_000) + 100;
    const one = '{"event":"track_updated"}';
    const headers = shippoHeaders(SECRET, one, seconds);
    for (let nth = 0; nth < 19; nth++) expect(await send(service, 'shippo', headers, one)).toBe(200);
    await looks(service);
    expect(alarmLines(service, 'clock')).toEqual([]);
    await send(service, 'shippo', headers, one);
    const line = await raised(service, 'clock');
    expect(line.msg).toMatch(
      /^shippo: our clock is \d+ seconds behind the times it signs, in the median of its last 20/,
    );
    const right = shippoHeaders(SECRET, one);
    for (let nth = 0; nth < 11; nth++) expect(await send(service, 'shippo', right, one)).toBe(200);
    await over(service, 'clock');
    expect(service.output()).not.toContain(headers['Shippo-Auth-Signature'].slice(-64));
  });

  test('an inbox that takes no writes is told of, and when it does again', async () => {
    const other = new DatabaseSync(service.inboxPath, { timeout: 5_000 });
    other.exec('BEGIN IMMEDIATE');
    try {
      expect(await flintn(service, SECRET, 1)).toEqual([503]);
      const line = await raised(service, 'inbox');
      expect(line.msg).toBe(
        'the inbox takes no writes: every webhook is answered with 503. Flintn tries for 27 hours, then switches the webhook off, and what comes meanwhile is lost; Shippo gives up after 20 seconds; Flexport tries again, for how long is not known',
      );
    } finally {
      other.close();
    }
    await over(service, 'inbox');
  });
});

describe('a service of its own', () => {
  afterEach(() => service.stop());

  test('a storm of refusals is told once, with its likely cause, and is over later', async () => {
    service = await openService(alarmed());
    await flintn(service, SECRET, 1);
    const statuses = await flintn(service, WRONG, 30);
    expect(new Set(statuses)).toEqual(new Set([401]));
    const line = await raised(service, 'refusals');
    expect(line).toMatchObject({
      subject: 'flintn',
      since: expect.stringMatching(/Z$/),
      fix: expect.stringContaining('FLINTN_WEBHOOK_SECRET_PREVIOUS'),
    });
    expect(line.msg).toMatch(
      /^flintn: the signature does not match any live secret; .*(all since|were all refused, since) \d\d:\d\d UTC, from 127\.0\.0\.1 \(\d+\), where genuine ones came from before: was the secret rotated\? They are kept for 7 days and taken in once they pass; Flintn takes 401 for a last word: lost but for that$/,
    );
    expect(await metricLines(service)).toEqual(['consignee_alarm{kind="refusals",subject="flintn"} 1']);
    // It is not over because nothing comes any more, but when something passes.
    await looks(service, 3_000);
    expect(alarmLines(service)).toHaveLength(1);
    await flintn(service, SECRET, 1);
    const end = await over(service, 'refusals');
    expect(end.msg).toMatch(/^over after \d+ seconds: flintn: the signature does not match/);
    expect(end.since).toBe(line.since);
    expect(alarmLines(service)).toHaveLength(2);
    expect(await metricLines(service)).toEqual([]);
  });

  test('refusals beside requests that pass ask another question', async () => {
    // All of them within one look.
    service = await openService(alarmed({ windowMs: 60_000, lookMs: 3_000 }));
    await flintn(service, WRONG, 30);
    await flintn(service, SECRET, 1);
    const { msg } = await raised(service, 'refusals');
    expect(msg).toMatch(
      /; 30 of 31 requests in 60 seconds were refused, from 127\.0\.0\.1 \(30\).* while others pass: does one of several senders/,
    );
  });

  test('an alarm that stays is repeated, its beginning with it', async () => {
    service = await openService(alarmed({ diskFreeMb: 1e9, diskFreeRatio: 1, repeatMs: 400 }));
    const first = await raised(service, 'disk');
    await looks(service, 1_500);
    const lines = alarmLines(service, 'disk');
    expect(lines.length).toBeGreaterThanOrEqual(3);
    expect(lines.length).toBeLessThanOrEqual(6);
    expect(new Set(lines.map(({ since }) => since))).toEqual(new Set([first.since]));
    expect(first.msg).toMatch(
      /^[\d,]+ MiB are free on the disk of the inbox, of [\d,]+: less than [\d,]+\. Once it is full, every webhook is answered with 503\./,
    );
  });

  test('events that were dead before the start are known, and their alarm goes on', async () => {
    const first = await openService(alarmed());
    const id = await tell(first, 'jobs', 'decline');
    await untilOutcome(first, id, 'dead');
    await raised(first, 'dead');
    service = await first.reopen();
    await looks(service);
    expect(alarmLines(service)).toEqual([]);
    expect(await metricLines(service)).toEqual(['consignee_alarm{kind="dead",subject="jobs/work"} 1']);
    await discard(service, id);
    await over(service, 'dead');
    await untilOutcome(service, await tell(service, 'jobs', 'decline'), 'dead');
    expect((await raised(service, 'dead')).msg).toBe(
      'jobs/work: 1 event has died, its attempts spent or declined',
    );
  });

  test('an event that fails and fails makes a backlog without a subject', async () => {
    service = await openService(alarmed());
    await tell(service, 'jobs', 'throw');
    const line = await raised(service, 'backlog');
    expect(line).not.toHaveProperty('subject');
    expect(line.msg).toMatch(
      /^the oldest event that waits for a handler has waited for .*\(waiting: jobs\/work 1\)$/,
    );
  });

  test('refused requests that could not be kept are counted', async () => {
    service = await openService(alarmed({}, { knobs: { refused: { bytesMax: 2_560 } } }));
    const statuses = await flintn(service, WRONG, 20);
    expect(new Set(statuses)).toEqual(new Set([401]));
    const line = await raised(service, 'unkept');
    expect(line).toMatchObject({ subject: 'flintn' });
    expect(line.msg).toMatch(
      /^flintn: (1 refused request was|[1-9]\d* refused requests were) not kept or not any more, .*: Flintn takes 401 for a last word: lost if they were genuine$/,
    );
    const metrics = await (await fetch(`http://127.0.0.1:${service.consolePort}/metrics`)).text();
    expect(metrics).toMatch(/^consignee_refusals_lost_total\{source="flintn",why="pushed_out"\} [1-9]/m);
    expect(metrics).toContain('consignee_refusals_lost_total{source="flintn",why="flood"} 0');
    await over(service, 'unkept');
  });
});

test('alarm settings that cannot be used stop the service at boot, without a value in the words', async () => {
  const env = { FLINTN_WEBHOOK_SECRET: SECRET, ALARM_URL: 'http://hooks.example.com/T0/canary' };
  const { code, output } = await runToEnd(['serve'], { env });
  expect(code).toBe(78);
  expect(output).toContain('ALARM_URL is set without ALARM_SECRET');
  expect(output).toContain('ALARM_URL is not https://');
  expect(output).not.toContain('canary');
});
