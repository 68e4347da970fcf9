/** What had to make room is said without filling the log. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PushedOutLog } from '../../../src/inbox/refused/client.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('the first is said at once, the others together after a minute, the last at the end', () => {
  const said: object[] = [];
  const note = (fields: object) => said.push(fields);
  const log = new PushedOutLog({ debug: note, info: note, warn: note, error: note });
  const push = (source: string, count: number) => log.note(new Map([[source, count]]));
  push('one', 3);
  expect(said).toEqual([{ source: 'one', count: 3 }]);
  for (let second = 0; second < 59; second++) {
    push('one', 2);
    push('two', 1);
    vi.advanceTimersByTime(1_000);
  }
  expect(said).toHaveLength(1);
  vi.advanceTimersByTime(1_000);
  expect(said.slice(1)).toEqual([
    { source: 'one', count: 118 },
    { source: 'two', count: 59 },
  ]);
  vi.advanceTimersByTime(3_600_000);
  expect(said).toHaveLength(3);
  push('one', 1);
  push('one', 5);
  log.note(new Map());
  log.close();
  expect(said.slice(3)).toEqual([
    { source: 'one', count: 1 },
    { source: 'one', count: 5 },
  ]);
});
