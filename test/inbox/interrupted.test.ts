/** What becomes of attempts whose process or thread ended under them. */
import { expect, test } from 'vitest';
import type { Route } from '../../src/inbox/contract.ts';
import { type Ending, settleInterrupted } from '../../src/inbox/retry.ts';

const NOW = 1_000_000;
const ROUTE: Route = { handler: 'few/work', target: 'few/work', maxAttempts: 2 };
const RULES = {
  knobs: { handler: { maxAttempts: 3 }, backoff: { baseMs: 1_000, capMs: 60_000 } },
  routes: new Map([[ROUTE.handler, ROUTE]]),
};
const at = (attempt: number, handler = 'jobs/work') => ({ event: attempt, handler, attempt });
const settle = (ended: Ending['ended'], ...left: ReturnType<typeof at>[]) =>
  settleInterrupted(left, { ended, reason: 'because' }, RULES, NOW).map(
    ({ state, counted, alone, due, error }) => {
      expect(error).toBe(ended === 'handlers' && !counted ? 'cut off, and not counted: because' : 'because');
      return { state, counted, alone, isPutOff: due > NOW };
    },
  );

test('a single attempt is guilty of the end of its thread: it counts', () => {
  const [one] = settleInterrupted([at(1)], { ended: 'handlers', reason: 'because' }, RULES, NOW);
  expect(one).toMatchObject({ event: 1, state: 'pending', counted: true, alone: false });
  expect(one?.due).toBeGreaterThanOrEqual(NOW);
  expect(settle('handlers', at(3))).toMatchObject([{ state: 'dead', counted: true }]);
});

const innocent = { state: 'pending', counted: false, alone: false, isPutOff: false };

test('of several nobody knows which one did it: none counts, and each runs again at once', () => {
  expect(settle('handlers', at(1), at(3))).toEqual([innocent, innocent]);
});

test('the one that is known to be guilty counts alone, and the others are told whose fault it was', () => {
  const guilty = { handler: 'jobs/work', event: 3 };
  const ending: Ending = { ended: 'handlers', reason: 'because', thread: 7, guilty };
  const left = [at(1), at(3), { ...at(3), handler: 'few/work' }];
  const settled = settleInterrupted(left, ending, RULES, NOW);
  expect(settled.map(({ state, counted, alone }) => [state, counted, alone])).toEqual([
    ['pending', false, false],
    ['dead', true, false],
    ['pending', false, false],
  ]);
  const cutOff = 'cut off, and not counted: jobs/work brought their thread down: because';
  expect(settled.map(({ error }) => error)).toEqual([cutOff, 'because', cutOff]);
});

test('what alone was in one of several threads is not guilty for that', () => {
  const ending: Ending = { ended: 'handlers', reason: 'because', thread: 7 };
  expect(settleInterrupted([at(3)], ending, RULES, NOW)).toMatchObject([
    { state: 'pending', counted: false },
  ]);
});

test('the end of a process counts for each, and makes none suspect the first time', () => {
  expect(settle('process', at(1), at(2), at(3))).toEqual([
    { state: 'pending', counted: true, alone: false, isPutOff: false },
    { state: 'pending', counted: true, alone: true, isPutOff: false },
    { state: 'dead', counted: true, alone: true, isPutOff: false },
  ]);
});

test('what we ended ourselves does not count, and is no suspect', () => {
  expect(settle('inbox', at(3))).toEqual([
    { state: 'pending', counted: false, alone: false, isPutOff: false },
  ]);
});

test('a handler’s own limit of attempts counts before that of the service', () => {
  expect(settle('process', at(2, 'few/work'), at(2))).toMatchObject([
    { state: 'dead' },
    { state: 'pending' },
  ]);
});
