/** How attempts go, through the real service: retried, later, discarded, dead, cut off; and one at a time if told so. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  deliver,
  numberOf,
  outcomes,
  seen,
  tell,
  told,
  tries,
  untilOutcome,
  wired,
  workOf,
} from '../../harness/deliver.ts';
import { openService } from '../../harness/open-service.ts';
import type { RunningService } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';

let service: RunningService;
beforeAll(async () => {
  service = await openService(wired());
});
afterAll(() => service.stop());

const starts = (id: string) => seen(service, id).filter(({ what }) => what === 'start');

test('a handler that throws is run again, and its return ends it', async () => {
  const id = await tell(service, 'jobs', 'throw', 'throw', 'ok');
  await untilOutcome(service, id, 'done');
  expect(tries(service, id)).toEqual([
    { attempt: 1, outcome: 'retry', error: 'Error: as told' },
    { attempt: 2, outcome: 'retry', error: 'Error: as told' },
    { attempt: 3, outcome: 'done', error: null },
  ]);
  expect(starts(id).map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect(workOf(service, id)).toEqual([]);
});

test('Discard ends it at once', async () => {
  const id = await tell(service, 'jobs', 'discard');
  await untilOutcome(service, id, 'discarded');
  expect(tries(service, id)).toEqual([{ attempt: 1, outcome: 'discarded', error: 'Discard: not for me' }]);
  expect(workOf(service, id)).toEqual([]);
});

test('RetryLater is not counted, however often', async () => {
  const id = await tell(service, 'jobs', 'later', 'later', 'later', 'later', 'throw', 'ok');
  await untilOutcome(service, id, 'done');
  expect(outcomes(service, id).sort()).toEqual(['done', 'later', 'later', 'later', 'later', 'retry']);
  expect(starts(id).map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 2]);
  const times = starts(id).map(({ at }) => at);
  expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(49);
});

test('after the last attempt it is dead, waits for a person, and harms no other event', async () => {
  const id = await tell(service, 'jobs', 'throw');
  await untilOutcome(service, id, 'dead');
  expect(outcomes(service, id)).toEqual(['retry', 'retry', 'dead']);
  expect(workOf(service, id)).toEqual([{ handler: 'jobs/work', state: 'dead', attempts: 3 }]);
  const other = await tell(service, 'jobs', 'ok');
  await untilOutcome(service, other, 'done');
  expect(starts(id)).toHaveLength(3);
});

test('a handler that waits for its signal sees it abort at the time limit', async () => {
  const id = await tell(service, 'jobs', 'obey', 'ok');
  await untilOutcome(service, id, 'done');
  expect(tries(service, id)[0]).toMatchObject({
    outcome: 'retry',
    error: expect.stringContaining('longer than 1000 ms'),
  });
  expect(seen(service, id).map(({ what, reason }) => reason ?? what)).toEqual([
    'start',
    'TimeLimit',
    'start',
    'end',
  ]);
});

test('handlers that never come back give their slots back at the time limit', async () => {
  const hung = await Promise.all([1, 2].map(() => tell(service, 'few', 'hang', 'ok')));
  const behind = await tell(service, 'few', 'ok');
  for (const id of [...hung, behind]) await untilOutcome(service, id, 'done');
  for (const id of hung) expect(outcomes(service, id)).toEqual(['retry', 'done']);
  expect(outcomes(service, behind)).toEqual(['done']);
});

test('no more events are with a handler than its concurrency says', async () => {
  const ids = await Promise.all(Array.from({ length: 7 }, () => tell(service, 'few', 'brief')));
  for (const id of ids) await untilOutcome(service, id, 'done');
  let running = 0;
  let most = 0;
  for (const { what, id } of seen(service)) {
    if (!ids.includes(id)) continue;
    running += what === 'start' ? 1 : -1;
    most = Math.max(most, running);
  }
  expect(most).toBe(2);
});

test('each of two handlers has its own attempts', async () => {
  const id = await tell(service, 'pair', 'throw', 'ok');
  const query = `SELECT handler, attempt, outcome FROM attempts WHERE event = ? ORDER BY handler, attempt`;
  const rows = () => service.sql(query, Number.parseInt(id.slice(4), 16));
  await waitFor(
    () => rows().length === 4,
    20_000,
    () => JSON.stringify(rows()),
  );
  expect(rows()).toEqual(
    ['pair/one', 'pair/two'].flatMap((handler) => [
      { handler, attempt: 1, outcome: 'retry' },
      { handler, attempt: 2, outcome: 'done' },
    ]),
  );
});

test('handlers that take their time do not slow the answers', async () => {
  const slow = await Promise.all(Array.from({ length: 30 }, () => tell(service, 'jobs', 'nap')));
  const answers = await Promise.all(Array.from({ length: 50 }, () => deliver(service, 'quiet', told())));
  // Beyond the deadline of the inbox they would be 503.
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  const stored = new Set(service.events().map(({ number }) => number));
  expect(
    [...slow, ...answers.map(({ id }) => id)].every((id) => stored.has(Number.parseInt(id.slice(4), 16))),
  ).toBe(true);
  for (const id of slow) await untilOutcome(service, id, 'done');
});

test('an attempt is one line of the log', async () => {
  const id = await tell(service, 'jobs', 'ok');
  const line = await service.line((one) => one.eventId === id && one.handler === 'jobs/work');
  expect(line).toMatchObject({ level: 'info', attempt: 1, outcome: 'done', ms: expect.any(Number) });
  await untilOutcome(service, id, 'done');
  const discarded = await tell(service, 'jobs', 'discard');
  await service.line((one) => one.eventId === discarded && one.outcome === 'discarded');
  const lines = service.lines().filter(({ eventId, handler }) => eventId === discarded && handler);
  expect(lines).toMatchObject([
    { level: 'warn', attempt: 1, outcome: 'discarded', reason: 'Discard: not for me' },
  ]);
});

test('a cause is logged whole once, with file, line and what caused it, and its next attempts are only counted', async () => {
  const ids = [
    await tell(service, 'jobs', 'throw with a cause'),
    await tell(service, 'jobs', 'throw with a cause'),
  ];
  for (const id of ids) await untilOutcome(service, id, 'dead');
  await service.line((line) => line.outcome === 'dead' && /^TypeError/.test(String(line.reason)));
  const lines = service.lines().filter(({ reason }) => /^TypeError/.test(String(reason)));
  // The first of its kind, and the first that ended an event.
  expect(lines).toMatchObject([
    {
      level: 'warn',
      attempt: 1,
      outcome: 'retry',
      handler: 'jobs/work',
      cause: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
    { level: 'warn', attempt: 3, outcome: 'dead', cause: lines[0]?.cause },
  ]);
  expect(lines[0]?.trace).toMatch(
    /^ {4}at throw with a cause \(\/.*act\.ts:\d+:\d+\)\n[\s\S]*\n {2}cause: Error: no row for '\d+', password=\[redacted\]\n {4}at /,
  );
  const [stored] = service.sql<{ error: string }>(
    'SELECT error FROM attempts WHERE event = ?',
    numberOf(ids[1] ?? ''),
  );
  expect(stored?.error).toMatch(
    /^TypeError: order \d+ is unknown\n {4}at throw with a cause \(.*act\.ts:\d+:\d+\)/,
  );
  expect(service.output()).not.toContain('canary-in-a-cause');
  expect(
    service.sql('SELECT handler, seen FROM causes WHERE cause = ?', String(lines[0]?.cause)),
  ).toMatchObject([{ handler: 'jobs/work', seen: 6 }]);
  expect(service.sql('SELECT state, cause FROM work WHERE event = ?', numberOf(ids[0] ?? ''))).toEqual([
    { state: 'dead', cause: lines[0]?.cause },
  ]);
});
