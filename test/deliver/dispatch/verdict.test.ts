/** What follows from an attempt, and when the next one is due. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeAttempt } from '../../../src/deliver/dispatch/attempt.ts';
import { Discard, RetryLater } from '../../../src/deliver/handler.ts';
import { backoffMs } from '../../../src/inbox/retry.ts';

const BACKOFF = { baseMs: 1_000, capMs: 60_000 };
const on = (error: unknown, attempt = 1) => judgeAttempt(error, attempt, 3, BACKOFF, 10_000);

test('the backoff doubles from its base to its cap, with full jitter', () => {
  const longest = [1, 2, 3, 6, 7, 1_000, 1e9].map((attempt) => backoffMs(attempt, 1_000, 60_000, () => 1));
  expect(longest).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
  expect(backoffMs(5, 1_000, 60_000, () => 0)).toBe(0);
});

test('the next attempt is due within the cap, whatever the number of attempts', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 21_600_000 }), (attempt, cap) => {
      const delay = backoffMs(attempt, 1_000, cap);
      expect(Number.isInteger(delay) && delay >= 0 && delay <= Math.max(cap, 1_000)).toBe(true);
    }),
  );
});

test('anything thrown is a retry until the attempts are spent, whatever it is', () => {
  for (const thrown of [new Error('no'), 'no', undefined, null, 0, { no: 1 }, Object.create(null)]) {
    expect(on(thrown)).toMatchObject({ state: 'pending', counted: true });
    expect(on(thrown, 3)).toMatchObject({ state: 'dead', due: 0 });
    expect(on(thrown, 4)).toMatchObject({ state: 'dead' });
  }
});

test('Discard and RetryLater hold on the last attempt too', () => {
  expect(on(new Discard('no'), 3)).toMatchObject({ state: 'discarded' });
  expect(on(new RetryLater(5_000), 3)).toMatchObject({ state: 'pending', counted: false, due: 15_000 });
});

test('RetryLater is at most 30 days, and takes no nonsense', () => {
  expect(on(new RetryLater(1e15)).due).toBe(10_000 + 30 * 86_400_000);
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => new RetryLater(wrong)).toThrow(TypeError);
  }
});

test('the error that is recorded is bounded and carries no credentials', () => {
  const { error } = on(
    new Error(`GET https://api.example/x?key=abc with Bearer abcdef ${'x'.repeat(9_000)}`),
  );
  expect(error?.length).toBeLessThan(1_100);
  expect(error).not.toMatch(/abc/);
});

test('an uncounted attempt has at least the first pause of the backoff before it', () => {
  expect(on(new RetryLater(0), 3)).toMatchObject({ state: 'pending', counted: false, due: 11_000 });
});
