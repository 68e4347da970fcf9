/** Indexing is what the inbox thread does when it has nothing better to do: it waits for arrivals, and rests. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Indexing } from '../../src/inbox/indexing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start(step: () => 'more' | 'end', isNeeded = () => false) {
  const steps = vi.fn(step);
  const errors: unknown[] = [];
  const indexing = new Indexing({
    step: steps,
    isNeeded,
    againMs: 1_000,
    onError: (error) => errors.push(error),
  });
  return { indexing, steps, errors };
}

test('no step begins while an arrival waits', async () => {
  let waits = true;
  const { steps } = start(
    () => 'end',
    () => waits,
  );
  await vi.advanceTimersByTimeAsync(60_000);
  expect(steps).not.toHaveBeenCalled();
  waits = false;
  await vi.advanceTimersByTimeAsync(10);
  expect(steps).toHaveBeenCalledOnce();
});

test('while events come a step is followed by a rest many times as long, and by a short one while none do', async () => {
  const { indexing, steps } = start(() => {
    vi.advanceTimersByTime(4);
    return 'more';
  });
  await vi.advanceTimersByTimeAsync(1_100);
  const quiet = steps.mock.calls.length;
  expect(quiet).toBeGreaterThan(8);
  for (let ms = 0; ms < 1_000; ms += 10) {
    indexing.note();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(steps.mock.calls.length - quiet).toBeLessThanOrEqual(13);
  expect(steps.mock.calls.length - quiet).toBeGreaterThan(5);
});

test('at the end it looks again for as long as something may come to light, and after the next arrival', async () => {
  const { indexing, steps } = start(() => 'end');
  await vi.advanceTimersByTimeAsync(600_000);
  expect(steps).toHaveBeenCalledOnce();
  indexing.note();
  await vi.advanceTimersByTimeAsync(600_000);
  const looks = steps.mock.calls.length;
  expect(looks).toBeGreaterThan(50);
  expect(looks).toBeLessThan(70);
});

test('a step that fails is tried again in a while, and none begins once it is stopped', async () => {
  const { indexing, steps, errors } = start(() => {
    throw new Error('the disk refuses');
  });
  await vi.advanceTimersByTimeAsync(40_000);
  expect(errors).toHaveLength(2);
  indexing.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(steps).toHaveBeenCalledTimes(2);
});
