/** A handler that brings its thread down gets one of its own, and goes back when it has been well. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  deliver,
  KNOBS,
  outcomes,
  seen,
  startWired,
  tell,
  told,
  tries,
  untilOutcome,
  workOf,
} from '../../harness/deliver.ts';
import type { Service } from '../../harness/service.ts';

let service: Service;
beforeAll(async () => {
  const handler = { timeLimitMs: 1_000, concurrency: 8, maxAttempts: 2 };
  // On a busy machine its next attempt may be late, and it must not have gone back before that.
  service = await startWired({ knobs: { ...KNOBS, handler, handlerApartMs: 5_000 } });
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

const threadOf = (id: string) => seen(service, id).at(-1)?.thread;
const untilApart = (handler: string) =>
  service.line((line) => line.handler === handler && /thread of its own/.test(String(line.msg)));
const untilBack = (handler: string) =>
  service.line((line) => line.handler === handler && /with the others again/.test(String(line.msg)), 40_000);

/** Others' events, two at a time until `done` resolves. */
async function othersMeanwhile(done: Promise<unknown>): Promise<string[]> {
  const ids: string[] = [];
  let over = false;
  const end = done.finally(() => {
    over = true;
  });
  end.catch(() => {});
  while (!over) {
    const pair = [await tell(service, 'jobs', 'brief', 'ok'), await tell(service, 'near', 'brief', 'ok')];
    for (const id of pair) await untilOutcome(service, id, 'done');
    ids.push(...pair);
  }
  await end;
  return ids;
}

test('a loop cuts others off once, uncounted; then it runs apart, cuts nobody off, and goes back in the end', async () => {
  const innocent = await tell(service, 'jobs', 'hang', 'ok');
  const guilty = await tell(service, 'few', 'block');
  await untilApart('few/work');
  const others = await othersMeanwhile(untilOutcome(service, guilty, 'dead', 25_000));
  for (const id of [innocent, ...others]) await untilOutcome(service, id, 'done');

  expect(tries(service, guilty)).toEqual(
    ['retry', 'dead'].map((outcome, at) => ({
      attempt: at + 1,
      outcome,
      error: 'it kept its thread busy for longer than 1000 ms',
    })),
  );
  expect(tries(service, innocent)).toEqual([
    {
      attempt: 1,
      outcome: 'later',
      error:
        'cut off, and not counted: few/work brought their thread down: it kept its thread busy for longer than 1000 ms',
    },
    { attempt: 1, outcome: 'done', error: null },
  ]);
  expect(others.length).toBeGreaterThan(3);
  for (const id of others) expect(outcomes(service, id)).toEqual(['done']);
  expect(others.map(threadOf)).not.toContain(threadOf(guilty));

  await untilBack('few/work');
  const [back, beside] = [await tell(service, 'few', 'ok'), await tell(service, 'jobs', 'ok')];
  for (const id of [back, beside]) await untilOutcome(service, id, 'done');
  expect(threadOf(back)).toBe(threadOf(beside));
  expect(workOf(service, guilty)).toEqual([{ handler: 'few/work', state: 'dead', attempts: 2 }]);
}, 80_000);

test('of loops in two handlers, which nobody knows at first, each is found, and an innocent handler is blamed once at most', async () => {
  const innocent = await tell(service, 'jobs', 'hang', 'ok');
  const guilty = await tell(service, 'pair', 'block later');
  await untilApart('pair/one');
  await untilApart('pair/two');
  // What comes in that moment may still go to the thread that they have brought down.
  await untilOutcome(service, await tell(service, 'jobs', 'ok'), 'done');
  const others = await othersMeanwhile(untilOutcome(service, guilty, 'dead', 40_000));
  for (const id of [innocent, ...others]) await untilOutcome(service, id, 'done');
  await service.line(() => workOf(service, guilty).every(({ state }) => state === 'dead'), 25_000);
  expect(workOf(service, guilty)).toEqual([
    { handler: 'pair/one', state: 'dead', attempts: 2 },
    { handler: 'pair/two', state: 'dead', attempts: 2 },
  ]);
  expect(outcomes(service, innocent)).toEqual(['later', 'done']);
  for (const id of others) expect(outcomes(service, id)).toEqual(['done']);
  expect((await deliver(service, 'quiet', told())).status).toBe(200);
}, 80_000);
