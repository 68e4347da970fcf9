/** The scheduler: when it is worth looking at the tables again. */
import { expect, test } from 'vitest';
import { Scheduler } from '../../src/inbox/scheduler.ts';
import { Targets } from '../../src/inbox/targets.ts';

const LARGE = 60 * 1_048_576;
const NOW = Date.now();

test('what is too large to be out beside another waits for a settlement, not for the next look', () => {
  const scheduler = new Scheduler(new Targets());
  scheduler.targets.named('one/a').grant(2);
  expect(scheduler.takeSlot('one/a', 1, LARGE, NOW)).toBe(true);
  scheduler.expect('one/a', 0);
  expect(scheduler.takeSlot('one/a', 2, LARGE, NOW)).toBe(false);
  expect(scheduler.nextDue(NOW)).toBe(Number.POSITIVE_INFINITY);
  expect(scheduler.copy().nextDue(NOW)).toBe(Number.POSITIVE_INFINITY);
  scheduler.returnSlot('one/a', 1);
  expect(scheduler.nextDue(NOW)).toBeLessThanOrEqual(NOW);
  expect(scheduler.takeSlot('one/a', 2, LARGE, NOW)).toBe(true);
});
