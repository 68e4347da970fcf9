/** The rules of an action's steps that are pure: their pace, what is put aside, and what is said of it. */
import { expect, test } from 'vitest';
import { actionAhead, StepPace, sortOut, stuckBy } from '../../src/inbox/action-steps.ts';
import { firstNumberAt } from '../../src/inbox/event-id.ts';

test('a step looks at more while it is quick, at once at less when it is slow, and never at nothing', () => {
  const pace = new StepPace(8, 3);
  const seen = [pace.looks];
  for (const workMs of [0.1, 0.1, 0.1, 0.1, 80, 800, 8_000]) {
    pace.after(workMs);
    seen.push(pace.looks);
  }
  expect(seen).toEqual([50, 100, 200, 400, 500, 50, 3, 3]);
});

test('after a step there is a rest twice as long as others had to wait for it', () => {
  const pace = new StepPace(8, 1);
  expect(pace.after(4, 30)).toBe(60);
  expect(pace.after(0.1, 0.2)).toBe(5);
});

test('each handler that is gone is named once, and a discard needs none', () => {
  const of = (handler: string) => ({ event: 1, whole: 1, handler, state: 'dead' }) as const;
  const dead = [of('one/a'), of('gone/a'), of('gone/a'), of('gone/b')];
  const routes = new Map([['one/a', { handler: 'one/a', target: 'one/a' }]]);
  const { able, result } = sortOut('replay', dead, routes, 'gone/a is not wired any more');
  expect(able).toEqual([of('one/a')]);
  expect(result).toEqual({
    changed: 0,
    skipped: 0,
    failed: 3,
    remark: 'gone/a is not wired any more; gone/b is not wired any more',
  });
  expect(sortOut('discard', dead, routes, null)).toMatchObject({ able: dead, result: { failed: 0 } });
});

test('what kept an action from going on is forgotten when it does; its times bound it from the start', () => {
  const row = {
    id: 1,
    verb: 'replay',
    about: '{"state":"dead","since":1700000000000}',
    upTo: 9e15,
    cursor: -1,
  } as const;
  const { remark, range } = actionAhead({ ...row, remark: stuckBy(new Error('the disk is full')) });
  expect(remark).toBeNull();
  expect(range).toMatchObject({ after: firstNumberAt(1_700_000_000_000) - 1, wholesUpTo: 9e15 });
  expect(actionAhead({ ...row, remark: 'gone/a is not wired any more' }).remark).not.toBeNull();
});
