/** The hand-out desk: when it is worth looking at the tables again. */
import { expect, test } from 'vitest';
import { Desk } from '../../src/inbox/desk.ts';

const LARGE = 60 * 1_048_576;
const NOW = Date.now();

test('what is too large to be out beside another waits for a settlement, not for the next look', () => {
  const desk = new Desk();
  desk.grant('one/a', 2);
  expect(desk.takeSlot('one/a', 1, LARGE, NOW)).toBe(true);
  desk.expect('one/a', 0);
  expect(desk.takeSlot('one/a', 2, LARGE, NOW)).toBe(false);
  expect(desk.nextDue(NOW)).toBe(Number.POSITIVE_INFINITY);
  expect(desk.copy().nextDue(NOW)).toBe(Number.POSITIVE_INFINITY);
  desk.returnSlot('one/a', 1);
  expect(desk.nextDue(NOW)).toBeLessThanOrEqual(NOW);
  expect(desk.takeSlot('one/a', 2, LARGE, NOW)).toBe(true);
});
