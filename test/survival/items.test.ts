/**
 * A batch of thousands of items in one body, and a kill -9 in the middle of it, on either database: each item gets to its handler,
 * those that were done are not repeated, one that is bad harms no other, and what comes in meanwhile is answered.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { HANDLED } from '../fixtures/items/sources.ts';
import { deliver, told } from '../harness/deliver.ts';
import { freshDatabase } from '../harness/postgres.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { HURRIED, type Service, type ServiceOptions, startService } from '../harness/service.ts';
import { nextLookMs } from '../harness/waiting.ts';

const CONCURRENCY = 32;
const BAD = 7;
/** Most of the ids are none that a number can hold. */
const ID_FIRST = 9_007_199_254_740_000n;
/** Of the whole process: the batch is one megabyte, and as rows and deliveries it may never be there as a whole. */
const MORE_MB_MOST = 300;

const OPTIONS: ServiceOptions = {
  config: join(ROOT, 'test/fixtures/items'),
  env: { MAILS_WEBHOOK_SECRET: SECRET, JOBS_WEBHOOK_SECRET: SECRET },
  knobs: { ...HURRIED, postgres: { leaseMs: 3_000 } },
};

function batchOf(count: number): string {
  const events = Array.from({ length: count }, (_, at) => {
    return `{"id":${ID_FIRST + BigInt(at)},"kind":"${at === BAD ? 'bad' : 'open'}","fill":"${'x'.repeat(50)}"}`;
  });
  return `{"events":[${events.join(', ')}]}`;
}

const handledIn = (folder: string) => {
  const text = readFileSync(join(folder, HANDLED), { encoding: 'utf8', flag: 'a+' });
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '));
};

function memoryMb({ pid }: Service, which: 'VmRSS' | 'VmHWM'): number {
  const [, kb] = new RegExp(`${which}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1_024;
}

type StateCounts = Readonly<Record<string, number>>;

async function killInTheMiddle(
  count: number,
  options: ServiceOptions,
  countStates: () => Promise<StateCounts>,
) {
  const first = await startService(options);
  onTestFinished(() => void first.kill('SIGKILL'));
  const before = memoryMb(first, 'VmRSS');
  const body = batchOf(count);
  const answer = await deliver(first, 'mails', body);
  expect(answer).toMatchObject({ status: 200, outcome: 'accepted' });
  let answered = 0;
  while (handledIn(first.folder).length < count / 3) {
    expect(await deliver(first, 'jobs', told('ok'))).toMatchObject({ status: 200 });
    answered++;
  }
  expect(answered).toBeGreaterThan(5);
  expect(memoryMb(first, 'VmHWM') - before).toBeLessThan(MORE_MB_MOST);
  await first.kill('SIGKILL');
  expect(handledIn(first.folder).length).toBeLessThan(count);

  const second = await startService(options);
  onTestFinished(() => void second.kill('SIGKILL'));
  let left: StateCounts = {};
  for (const begun = performance.now(); ; ) {
    left = await countStates();
    if (!left.pending && !left.handling) break;
    const sinceMs = performance.now() - begun;
    if (sinceMs > 90_000) throw new Error(`${JSON.stringify(left)}\n${second.output().slice(-2_000)}`);
    await sleep(nextLookMs(sinceMs));
  }
  expect(left).toEqual({ dead: 1 });
  const handled = handledIn(first.folder);
  const good = handled.filter(([id]) => id !== `${answer.id}-${BAD}`);
  expect(new Set(good.map(([id]) => id)).size).toBe(count - 1);
  // What was under way, or not yet noted, comes again; nothing else does.
  expect(good.length).toBeLessThanOrEqual(count - 1 + 4 * CONCURRENCY);
  for (const [id, batch, externalId] of handled) {
    expect(batch).toBe(answer.id);
    expect(id).toBe(`${answer.id}-${BigInt(externalId as string) - ID_FIRST}`);
  }
  expect(await deliver(second, 'mails', body)).toMatchObject({ outcome: 'duplicate', id: answer.id });
  expect(await second.stop()).toBe(0);
}

function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const COUNT = 'SELECT state, count(*) AS count FROM work GROUP BY state';
const countsIn = (rows: readonly Readonly<Record<string, unknown>>[]) =>
  Object.fromEntries(rows.map(({ state, count }) => [String(state), Number(count)]));

test('SQLite: ten thousand items in a megabyte outlive a kill, each by itself', async () => {
  const folder = folderForTest();
  await killInTheMiddle(10_000, { ...OPTIONS, folder }, async () => {
    const database = new DatabaseSync(join(folder, 'inbox.db'), { readOnly: true, timeout: 5_000 });
    try {
      return countsIn(database.prepare(COUNT).all());
    } finally {
      database.close();
    }
  });
}, 240_000);

test('PostgreSQL: thousands of items in one body outlive a kill, each by itself', async () => {
  const database = await freshDatabase();
  onTestFinished(() => database.drop());
  const options = { ...OPTIONS, folder: folderForTest(), database: database.url };
  await killInTheMiddle(3_000, options, async () => countsIn(await database.query(COUNT)));
}, 240_000);
