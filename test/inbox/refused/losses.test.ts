/** What had to make room is said without filling the log. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LossLog } from '../../../src/inbox/refused/losses.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('the first is said at once, the others together after a minute, the last at the end', () => {
  const said: object[] = [];
  const note = (fields: object) => said.push(fields);
  const written: object[] = [];
  const log = new LossLog({ debug: note, info: note, warn: note, error: note }, (losses) =>
    written.push(losses),
  );
  const push = (source: string, count: number) => log.note(source, 'pushed_out', count);
  const why = 'pushed_out';
  push('one', 3);
  expect(said).toEqual([{ source: 'one', count: 3, why }]);
  for (let second = 0; second < 59; second++) {
    push('one', 2);
    push('two', 1);
    vi.advanceTimersByTime(1_000);
  }
  expect(said).toHaveLength(1);
  vi.advanceTimersByTime(1_000);
  expect(said.slice(1)).toEqual([
    { source: 'one', count: 118, why },
    { source: 'two', count: 59, why },
  ]);
  vi.advanceTimersByTime(3_600_000);
  expect(said).toHaveLength(3);
  push('one', 1);
  push('one', 5);
  log.close();
  expect(said.slice(3)).toEqual([
    { source: 'one', count: 1, why },
    { source: 'one', count: 5, why },
  ]);
  expect(written).toEqual(said);
  expect(log.all()).toMatchObject([
    { source: 'one', why, count: 127 },
    { source: 'two', why, count: 59 },
  ]);
});
