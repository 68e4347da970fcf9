/** Alarms as webhooks: signed so that the library of others accepts them, and no trouble for the service if nobody does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tell, untilOutcome } from '../../harness/deliver.ts';
import { openService } from '../../harness/open-service.ts';
import { ROOT } from '../../harness/project.ts';
import { type RunningService, startService } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';
import { alarmed, alarmLines, discard, looks, over, raised } from './alarmed.ts';

const NEW = `whsec_${Buffer.alloc(32, 'new key ').toString('base64')}`;
const OLD = `whsec_${Buffer.alloc(32, 'old key ').toString('base64')}`;
/** An alarm from the first look to the last. */
const LOW_DISK = { diskFreeMb: 1e9, diskFreeRatio: 1 };

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
}

let server: Server;
let received: Received[];
/** The statuses of the next answers; the last one stands. */
let answers: number[];
/** Whether signed times are checked, as those who receive them do. */
let isStrict: boolean;
let service: RunningService | undefined;
let url: string;

beforeEach(async () => {
  received = [];
  answers = [204];
  isStrict = false;
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body, path: request.url ?? '' });
      const signedMs = Number(request.headers['webhook-timestamp']) * 1_000;
      const isLate = isStrict && Math.abs(Date.now() - signedMs) > 300_000;
      const status = isLate ? 400 : ((answers.length > 1 ? answers.shift() : answers[0]) as number);
      if (status === 0) return;
      response.writeHead(status, { Location: '/elsewhere' }).end('of no interest');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alarms/canary-in-a-path`;
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  server.closeAllConnections();
  server.close();
});

const sending = (knobs: object, env: Record<string, string> = {}) =>
  alarmed(knobs, { env: { ALARM_URL: url, ALARM_SECRET: NEW, ...env } });

async function start(knobs: object, env: Record<string, string> = {}): Promise<RunningService> {
  service = await openService(sending(knobs, env));
  return service;
}

function arrived(count: number, waitMs = 30_000): Promise<true> {
  return waitFor(
    () => received.length >= count,
    waitMs,
    () => JSON.stringify(received) + service?.output(),
  );
}

function verified({ body, headers }: Received, secret: string): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>);
}

test('beginning and end are sent in order, signed, with the words of the log', async () => {
  const to = await start({});
  const dead = await tell(to, 'jobs', 'decline');
  await untilOutcome(to, dead, 'dead');
  const line = await raised(to, 'dead');
  await arrived(1);
  const first = received[0] as Received;
  expect(verified(first, NEW)).toEqual({
    type: 'alarm.raised',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    data: { kind: 'dead', subject: 'jobs/work', says: line.msg, fix: line.fix, since: line.since },
  });
  expect(first.headers['content-type']).toBe('application/json');
  await discard(to, dead);
  await arrived(2);
  expect(verified(received[1] as Received, NEW)).toMatchObject({
    type: 'alarm.over',
    data: {
      kind: 'dead',
      subject: 'jobs/work',
      says: expect.stringMatching(/^over after \d+ seconds: jobs/),
    },
  });
  const ids = received.map(({ headers }) => headers['webhook-id']);
  expect(new Set(ids).size).toBe(2);
});

test('while a secret is being changed, both prove the message', async () => {
  await start(LOW_DISK, { ALARM_SECRET_PREVIOUS: OLD });
  await arrived(1);
  const [message] = received as [Received];
  expect(verified(message, NEW)).toEqual(verified(message, OLD));
  expect(() => verified(message, `whsec_${Buffer.alloc(32).toString('base64')}`)).toThrow();
});

test('what fails is tried again under the same id, and redirects are not followed', async () => {
  answers = [500, 302, 200];
  const to = await start(LOW_DISK);
  await arrived(3);
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(new Set(received.map(({ path }) => path))).toEqual(new Set(['/alarms/canary-in-a-path']));
  for (const message of received) expect(verified(message, NEW)).toMatchObject({ type: 'alarm.raised' });
  await looks(to);
  expect(received).toHaveLength(3);
  expect(to.lines().filter(({ msg }) => /could not be delivered/.test(String(msg)))).toEqual([]);
});

/** Takes the receiver away; answers with a way to bring it back at its port. */
async function takeDown(): Promise<() => Promise<void>> {
  const { port } = server.address() as AddressInfo;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return () => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}

test('a receiver that was down gets the newest state of each alarm, once it is back', async () => {
  const bringBack = await takeDown();
  const to = await start(LOW_DISK);
  const line = await to.line(({ msg }) => /does not take an alarm/.test(String(msg)));
  expect(line).toMatchObject({ level: 'warn', host: new URL(url).host, reason: 'ECONNREFUSED' });
  const id = await tell(to, 'jobs', 'decline');
  await untilOutcome(to, id, 'dead');
  await raised(to, 'dead');
  await discard(to, id);
  await over(to, 'dead');
  await bringBack();
  await arrived(2);
  const told = received.map((one) => verified(one, NEW) as { type: string; data: { kind: string } });
  expect(told.map(({ type, data }) => `${type} ${data.kind}`).sort()).toEqual([
    'alarm.over dead',
    'alarm.raised disk',
  ]);
  await to.line(({ msg }) => msg === 'ALARM_URL takes alarms again');
  expect(alarmLines(to, 'disk')).toHaveLength(1);
  expect(to.output()).not.toContain('canary');
  expect(to.output()).not.toContain(NEW.slice(6));
});

test('what nobody has heard before a restart is told after it, and the rest is not told again', async () => {
  const bringBack = await takeDown();
  const first = await startService(sending({}));
  const { folder } = first;
  const id = await tell(first, 'jobs', 'decline');
  await untilOutcome(first, id, 'dead');
  const line = await raised(first, 'dead');
  await first.kill('SIGKILL');
  await bringBack();
  const second = await openService({ ...sending({}), folder });
  service = second;
  await arrived(1);
  expect(verified(received[0] as Received, NEW)).toMatchObject({
    type: 'alarm.raised',
    data: { kind: 'dead', says: line.msg, since: line.since },
  });
  expect(alarmLines(service)).toEqual([]);
  await expect
    .poll(() => service?.sql('SELECT kind, over_at, heard FROM alarms'))
    .toEqual([{ kind: 'dead', over_at: null, heard: 1 }]);
  service = await second.reopen();
  await discard(service, id);
  await arrived(2);
  expect(verified(received[1] as Received, NEW)).toMatchObject({
    type: 'alarm.over',
    data: { kind: 'dead' },
  });
  expect((await over(service, 'dead')).since).toBe(line.since);
  await service.stop();
  service = undefined;
  rmSync(folder, { recursive: true });
});

test('SIGTERM stops the service at once while a receiver keeps it waiting', async () => {
  answers = [0];
  const to = await startService(sending(LOW_DISK));
  service = to;
  await arrived(1);
  expect(await to.kill('SIGTERM')).toBe(0);
  // Nobody waited for the first try to come to nothing, and then tried again.
  expect(received).toHaveLength(1);
  expect(to.lines().some(({ msg }) => /could not be delivered/.test(String(msg)))).toBe(true);
  expect(to.lines().at(-1)?.msg).toBe('stopped');
});

test.each([
  ['an inbox that knows better', true],
  ['an empty inbox', false],
])(
  'a service that starts 61 days ahead says so in a message that is accepted, beside %s',
  async (_, isFilled) => {
    const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
    const first = await openService(alarmed({}, { folder }));
    if (isFilled) await tell(first, 'jobs', 'ok');
    await first.stop();
    isStrict = true;
    const env = {
      ALARM_URL: url,
      ALARM_SECRET: NEW,
      NODE_OPTIONS: `--import=${join(ROOT, 'test/fixtures/clock/ahead.ts')}`,
      CLOCK_AHEAD_MS: String(61 * 86_400_000),
    };
    // Whatever the alarm is about.
    service = await startService(alarmed(LOW_DISK, { folder, env }));
    await waitFor(
      () => received.some((one) => isFresh(one)),
      20_000,
      () => JSON.stringify(received) + service?.output(),
    );
    expect(verified(received.find(isFresh) as Received, NEW)).toMatchObject({ type: 'alarm.raised' });
    if (isFilled) {
      const { msg, subject } = await raised(service, 'clock');
      expect(subject).toBeUndefined();
      expect(msg).toMatch(
        /^our clock is 61 days ahead of what the inbox knows of the time; nothing is purged$/,
      );
    }
    await service.stop();
    service = undefined;
    rmSync(folder, { recursive: true });
  },
);

function isFresh({ headers }: Received): boolean {
  return Math.abs(Date.now() / 1_000 - Number(headers['webhook-timestamp'])) < 300;
}
