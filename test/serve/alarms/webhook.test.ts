/** Alarms as webhooks: signed so that the library of others accepts them, and no trouble for the service if nobody does. */
import { rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tell, untilOutcome } from '../../harness/deliver.ts';
import { ROOT } from '../../harness/project.ts';
import type { Service } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';
import { alarmLines, discard, looks, raised, startAlarmed } from './alarmed.ts';

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
let service: Service | undefined;
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

async function start(knobs: object, env: Record<string, string> = {}): Promise<Service> {
  service = await startAlarmed(knobs, { env: { ALARM_URL: url, ALARM_SECRET: NEW, ...env } });
  return service;
}

function arrived(count: number, waitMs = 20_000): Promise<true> {
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

test('a receiver that is down gets three tries and a line in the log, and the service goes on', async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const to = await start(LOW_DISK);
  const line = await to.line(({ msg }) => /could not be delivered/.test(String(msg)), 20_000);
  expect(line).toMatchObject({
    level: 'warn',
    host: new URL(url).host,
    reason: 'tried 3 times: ECONNREFUSED, ECONNREFUSED, ECONNREFUSED',
  });
  const id = await tell(to, 'jobs', 'ok');
  await untilOutcome(to, id, 'done');
  expect(alarmLines(to, 'disk')).toHaveLength(1);
  expect(to.output()).not.toContain('canary');
  expect(to.output()).not.toContain(NEW.slice(6));
});

test('SIGTERM stops the service at once while a receiver keeps it waiting', async () => {
  answers = [0];
  const to = await start(LOW_DISK);
  await arrived(1);
  const started = performance.now();
  expect(await to.kill('SIGTERM')).toBe(0);
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(to.lines().some(({ msg }) => /could not be delivered/.test(String(msg)))).toBe(true);
  expect(to.lines().at(-1)?.msg).toBe('stopped');
});

test.each([
  ['an inbox that knows better', true],
  ['an empty inbox', false],
])(
  'a service that starts 61 days ahead says so in a message that is accepted, beside %s',
  async (_, isFilled) => {
    const first = await startAlarmed();
    if (isFilled) await tell(first, 'jobs', 'ok');
    expect(await first.kill('SIGTERM')).toBe(0);
    isStrict = true;
    const env = {
      ALARM_URL: url,
      ALARM_SECRET: NEW,
      NODE_OPTIONS: `--import=${join(ROOT, 'test/fixtures/clock/ahead.ts')}`,
      CLOCK_AHEAD_MS: String(61 * 86_400_000),
    };
    // Whatever the alarm is about.
    service = await startAlarmed(LOW_DISK, { folder: first.folder, env });
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
    await service.kill('SIGTERM');
    service = undefined;
    rmSync(first.folder, { recursive: true });
  },
);

function isFresh({ headers }: Received): boolean {
  return Math.abs(Date.now() / 1_000 - Number(headers['webhook-timestamp'])) < 300;
}
