/** Programs run for events, through the real process: what they are given, and what follows from how they end. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  order,
  orderBytes,
  pidsOf,
  REPORTS_URL,
  recorded,
  startCommands,
  untilRecorded,
} from '../../fixtures/command/run.ts';
import { workOf } from '../../harness/deliver.ts';
import { SECRET } from '../../harness/project.ts';
import type { Service } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';

let service: Service;
beforeAll(async () => {
  service = await startCommands({
    env: { HOME: '/nowhere', LANG: 'C.UTF-8', API_TOKEN: 'a canary', NODE_OPTIONS: '--no-warnings' },
  });
});
afterAll(() => service.stop());

interface Mirrored {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
}

async function mirrored(id: string): Promise<Mirrored> {
  await untilRecorded(service, id, 'done');
  return JSON.parse(readFileSync(join(service.folder, `${id}.json`), 'utf8')) as Mirrored;
}

test('the exact bytes of the body are on its standard input', async () => {
  const body =
    '\n{ "id":\t"exact\\u002d1",\r\n "n": 12345678901234567890.10, "é": "\\ud83d\\ude00 😀 \\u0000" }\n\n';
  const id = await orderBytes(service, 'mirror', body);
  await mirrored(id);
  expect(readFileSync(join(service.folder, `${id}.body`))).toEqual(Buffer.from(body));
});

test('it gets its arguments as they are, what is known of the event, and of the service only what is named', async () => {
  const id = await order(service, 'mirror', 'seen', { id: 'theirs-1' });
  const { arguments: given, environment, cwd } = await mirrored(id);
  expect(given).toEqual(['--as', '$(they) are; "fixed"', '']);
  expect(cwd).toBe(service.folder);
  const { CONSIGNEE_RECEIVED_AT: receivedAt, ...rest } = environment;
  expect(rest).toEqual({
    PATH: process.env.PATH,
    HOME: '/nowhere',
    LANG: 'C.UTF-8',
    REPORTS_URL,
    MODE: 'a=b',
    CONSIGNEE_EVENT_ID: id,
    CONSIGNEE_SOURCE: 'mirror',
    CONSIGNEE_TYPE: 'seen',
    CONSIGNEE_EXTERNAL_ID: 'theirs-1',
    CONSIGNEE_ATTEMPT: '1',
  });
  expect(new Date(receivedAt as string).toISOString()).toBe(receivedAt);
  expect(Math.abs(Date.now() - Date.parse(receivedAt as string))).toBeLessThan(60_000);
  expect(JSON.stringify(environment)).not.toContain(SECRET);
});

test.each([
  '$(touch pwned)',
  '; touch pwned;',
  '`touch pwned`',
  '| touch pwned',
  '() { :; }; touch pwned',
  '\n-e',
])('no shell reads the type %j', async (type) => {
  const id = await order(service, 'mirror', type);
  expect((await mirrored(id)).environment.CONSIGNEE_TYPE).toBe(type);
  const acted = await order(service, 'jobs', type);
  await untilRecorded(service, acted, 'done');
  expect(existsSync(join(service.folder, 'pwned'))).toBe(false);
});

test.each([
  ['of 200,000 characters', 'x'.repeat(200_000)],
  ['of 40,000 bytes', 'ü'.repeat(20_000)],
  ['with a NUL', 'one\0two'],
  ['with half a surrogate pair', 'one\ud800two'],
])('an external id %s is left out rather than changed', async (_what, externalId) => {
  const id = await order(service, 'mirror', 'odd', { id: externalId });
  const { environment } = await mirrored(id);
  expect(Object.keys(environment)).not.toContain('CONSIGNEE_EXTERNAL_ID');
  expect(environment.CONSIGNEE_TYPE).toBe('odd');
});

test('a type and an external id that are not there are not set', async () => {
  const id = await orderBytes(service, 'mirror', '{"nothing":"known"}');
  const names = Object.keys((await mirrored(id)).environment).filter((name) => name.startsWith('CONSIGNEE_'));
  expect(names.sort()).toEqual(
    ['ATTEMPT', 'EVENT_ID', 'RECEIVED_AT', 'SOURCE'].map((name) => `CONSIGNEE_${name}`),
  );
});

test('exit 0 is done', async () => {
  const id = await order(service, 'jobs', 'exit 0');
  expect(await untilRecorded(service, id, 'done')).toMatchObject({
    attempt: 1,
    error: null,
    status: 'exit 0',
    output: 'leaving with 0',
  });
  expect(workOf(service, id)).toEqual([]);
});

test('exit 65 is never tried again', async () => {
  const id = await order(service, 'jobs', 'exit 65');
  expect(await untilRecorded(service, id, 'discarded')).toMatchObject({
    error: 'Discard: exit 65',
    status: 'exit 65',
    output: 'leaving with 65',
  });
  expect(recorded(service, id)).toHaveLength(1);
});

test('exit 75 is tried again in a minute, and not counted', async () => {
  const id = await order(service, 'jobs', 'exit 75');
  expect(await untilRecorded(service, id, 'later')).toMatchObject({
    error: 'RetryLater: exit 75',
    status: 'exit 75',
  });
  expect(workOf(service, id)).toMatchObject([{ state: 'pending', attempts: 0 }]);
  const [row] = service.sql<{ begun: number; due: number }>(
    'SELECT started_at AS begun, due FROM work JOIN attempts USING (event) WHERE event = ?',
    Number.parseInt(id.slice(4), 16),
  );
  expect((row?.due ?? 0) - (row?.begun ?? 0)).toBeGreaterThanOrEqual(60_000);
  expect(row?.due).toBeLessThanOrEqual(Date.now() + 60_000);
});

test.each([
  ['exit 1', 'exit 1', 'leaving with 1'],
  ['exit 255', 'exit 255', 'leaving with 255'],
  ['crash', 'killed by SIGSEGV', null],
])('%s is counted and tried again', async (type, status, output) => {
  const id = await order(service, 'jobs', type);
  await untilRecorded(service, id, 'dead');
  expect(recorded(service, id)).toEqual([
    { attempt: 1, outcome: 'retry', error: `Error: ${status}`, status, output },
    { attempt: 2, outcome: 'dead', error: `Error: ${status}`, status, output },
  ]);
});

test('200 MB of output fill no memory and hold nothing up; the end of it is kept', async () => {
  const before = memoryOf(service);
  const id = await order(service, 'jobs', 'flood');
  const { status, output } = await untilRecorded(service, id, 'dead', 60_000);
  expect(status).toBe('exit 1');
  expect(output).toMatch(/^….*the end of it$/s);
  expect(output?.length).toBeLessThanOrEqual(1_000);
  expect(memoryOf(service) - before).toBeLessThan(200_000);
});

/** In kB. */
function memoryOf({ pid }: Service): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

test('output that is no text breaks nothing', async () => {
  const id = await order(service, 'jobs', 'babble');
  expect(await untilRecorded(service, id, 'dead')).toMatchObject({
    status: 'exit 3',
    output: '\uFFFD\uFFFD red \uFFFD\uFFFD',
  });
});

test('a secret that it was given and prints is not kept', async () => {
  const id = await order(service, 'jobs', 'tell secrets');
  expect((await untilRecorded(service, id, 'dead')).output).toBe('cannot reach [redacted]');
});

test('a body that is never read, or late, harms nothing', async () => {
  const filler = 'f'.repeat(900_000);
  const unread = await order(service, 'jobs', 'exit 0', { filler });
  const late = await order(service, 'jobs', 'read slowly', { filler });
  expect(await untilRecorded(service, unread, 'done')).toMatchObject({ status: 'exit 0' });
  const { output } = await untilRecorded(service, late, 'done');
  expect(Number(output)).toBeGreaterThan(900_000);
});

test('what it leaves in the background is left alone and does not keep the attempt open', async () => {
  const id = await order(service, 'jobs', 'leave one behind');
  const [, left] = await pidsOf(service, id, 2);
  expect(await untilRecorded(service, id, 'done')).toMatchObject({ status: 'exit 0', output: 'started one' });
  // The attempt has ended before what was left behind: throws if it is gone.
  process.kill(left as number, 'SIGKILL');
});

test('one handler wired under two sources runs no more programs at once than its concurrency says', async () => {
  const sources = ['one', 'other', 'one', 'other', 'one'];
  const ids = await Promise.all(sources.map((source) => order(service, source, 'nap')));
  for (const id of ids) await untilRecorded(service, id, 'done');
  const naps = readFileSync(join(service.folder, 'naps'), 'utf8');
  expect(naps).toBe('start\nend\n'.repeat(5));
});

test('no process is left behind, and no zombie', async () => {
  const id = await order(service, 'jobs', 'read slowly');
  await pidsOf(service, id, 1);
  expect(childrenOf(service)).toHaveLength(1);
  await waitFor(
    () => childrenOf(service).length === 0,
    20_000,
    () => childrenOf(service).join(),
  );
});

/** Each thread has its own. */
function childrenOf({ pid }: Service): string[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
}
