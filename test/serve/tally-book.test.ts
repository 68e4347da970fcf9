/** The book of tallies: what is counted is told once, and what could not be told waits, within bounds. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Counts } from '../../src/inbox/counts.ts';
import { noTimes } from '../../src/inbox/tallies.ts';
import { type Tally, tallyListener } from '../../src/serve/alarms/tally.ts';
import { DuplicateCounts } from '../../src/serve/duplicate-counts.ts';
import { meterFor, SecretUses } from '../../src/serve/meter.ts';
import { startTelling, TallyBook } from '../../src/serve/tally-book.ts';

const MINUTE_MS = 60_000;
const BEGIN = 1_000 * MINUTE_MS;
const BACKLOG = [
  { handler: 'one/a', state: 'pending', count: 7 },
  { handler: 'one/a', state: 'dead', count: 2 },
] as const;
const STATUS = { inbox: 'x', backlog: BACKLOG, oldestPendingAt: null, resting: [], paused: [] };

beforeEach(() => void vi.useFakeTimers({ now: BEGIN }));
afterEach(() => void vi.useRealTimers());

function opened(noteCounts: (counts: Counts) => Promise<void>) {
  const [uses, tallies] = [new SecretUses(), new TallyBook()];
  const status = async () => STATUS;
  const duplicates = new DuplicateCounts();
  const stop = startTelling({ noteCounts, status }, { uses, tallies, duplicates });
  const listeners = [uses.listener, tallies.listener, duplicates.listener];
  return { meter: meterFor(listeners), tallies, stop };
}

test('requests and attempts are told apart, minute by minute, with the time they took', async () => {
  const told: Counts[] = [];
  const { meter, stop } = opened(async (counts) => void told.push(counts));
  meter.request('one', 'accepted', '', 3);
  meter.request('one', 'accepted', '', 9_000);
  meter.request('one', 'refused', 'hmac_mismatch', 0.5);
  meter.attempt('one/a', 'done', 4, [1, 3]);
  meter.proof('one', { scheme: 'hmac', secret: 'f' });
  vi.setSystemTime(BEGIN + MINUTE_MS);
  meter.request('one', 'accepted', '', 3);
  await stop();
  const tallies = told.flatMap((counts) => counts.tallies);
  expect(
    tallies.map(({ minute, kind, subject, outcome, count, times }) => {
      return [minute, kind, subject, outcome, count, times.reduce((sum, one) => sum + one)];
    }),
  ).toEqual([
    [1_000, 'request', 'one', 'accepted', 2, 1],
    [1_000, 'request', 'one', 'hmac_mismatch', 1, 1],
    [1_000, 'attempt', 'one/a', 'done', 4, 4],
    [1_001, 'request', 'one', 'accepted', 1, 1],
  ]);
  expect(tallies[0]?.times).toEqual(noTimes().with(2, 1));
  expect(told.flatMap(({ uses }) => uses)).toMatchObject([{ source: 'one', scheme: 'hmac', count: 1 }]);
});

test('what the inbox did not take is told again, once, and whatever came since', async () => {
  const told: Counts[] = [];
  let works = false;
  const { meter, tallies, stop } = opened(async (counts) => {
    if (!works) throw new Error('the disk is full');
    told.push(counts);
  });
  for (let nth = 0; nth < 3; nth++) {
    meter.request('one', 'held', '', 1);
    meter.proof('one', { scheme: 'hmac', secret: 'f' });
    await vi.advanceTimersByTimeAsync(10_000);
  }
  expect(told).toEqual([]);
  expect(tallies.failure).toBe('the disk is full');
  works = true;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toMatchObject([{ uses: [{ count: 3 }], tallies: [{ outcome: 'held', count: 3 }] }]);
  expect(tallies.failure).toBeUndefined();
  await stop();
  expect(told).toHaveLength(1);
});

test('an inbox that does not answer is not asked again, and a stop waits for it', async () => {
  const answers: (() => void)[] = [];
  const { meter, stop } = opened(() => new Promise<void>((resolve) => void answers.push(resolve)));
  meter.request('one', 'accepted', '', 1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(answers).toHaveLength(1);
  meter.request('one', 'accepted', '', 1);
  const stopped = stop();
  answers[0]?.();
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.();
  await stopped;
});

test('days without an inbox take no more room than a few thousand counts, none of which is lost', () => {
  const { meter, tallies } = opened(async () => {});
  for (let minute = 0; minute < 4 * 1_440; minute++) {
    vi.setSystemTime(BEGIN + minute * MINUTE_MS);
    for (const source of ['one', 'two']) meter.request(source, 'failed', 'inbox_failed', 1);
    if (minute % 30 === 0) tallies.giveBack(tallies.take());
  }
  let [rows, count] = [0, 0];
  for (let some = tallies.take(); some.length > 0; some = tallies.take()) {
    rows += some.length;
    count += some.reduce((sum, tally) => sum + tally.count, 0);
  }
  expect(rows).toBeLessThan(5_100);
  expect(count).toBe(4 * 1_440 * 2);
});

test('a handshake is no event: it is in no tally, and no alarm takes it for a sign of life', async () => {
  const told: Counts[] = [];
  const { meter, stop } = opened(async (counts) => void told.push(counts));
  const taken: number[] = [];
  const tally = { take: (at: number) => taken.push(at) } as unknown as Tally;
  const alarms = tallyListener(new Map([['one', tally]]), new Map());
  for (const outcome of ['handshake', 'refused', 'failed'] as const) alarms.request?.('one', outcome, '', 1);
  expect(taken).toEqual([]);
  for (const outcome of ['accepted', 'duplicate', 'held'] as const) alarms.request?.('one', outcome, '', 1);
  expect(taken).toHaveLength(3);
  meter.request('one', 'handshake', '', 1);
  meter.request('one', 'accepted', '', 1);
  await stop();
  expect(told.flatMap(({ tallies }) => tallies.map(({ outcome }) => outcome))).toEqual(['accepted']);
});

test('what waits is looked at once a minute, and the looks are counted beside it', async () => {
  const told: Counts[] = [];
  const { stop } = opened(async (counts) => void told.push(counts));
  await vi.advanceTimersByTimeAsync(3 * MINUTE_MS + 30_000);
  await stop();
  const tallies = told.flatMap((counts) => counts.tallies);
  const of = (subject: string) =>
    tallies.filter((tally) => tally.subject === subject).map(({ count }) => count);
  expect([of(''), of('one/a')]).toEqual([
    [1, 1, 1],
    [7, 7, 7],
  ]);
});
