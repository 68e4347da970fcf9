/** A target’s rate and its part of it, by a clock of the test’s. */
import { expect, test } from 'vitest';
import { Targets } from '../../src/inbox/targets.ts';

const ROUTE = { handler: 'paced/a', target: 'paced', ratePerSecond: 20 };
const NOW = 1_000_000;

/** When each is handed out, by somebody who looks every millisecond and never has too few slots. */
function handOuts(seconds: number, slots: number, part: number): number[] {
  const targets = new Targets(new Map([[ROUTE.handler, ROUTE]]));
  targets.resize(ROUTE.target, slots, part, NOW);
  const target = targets.named(ROUTE.target);
  const times: number[] = [];
  for (let now = NOW; now < NOW + seconds * 1_000; now++) {
    if (target.room(now) < 1) continue;
    target.take(now);
    target.unreserve(1);
    times.push(now);
  }
  return times;
}

/** The most that begin within one second. */
const mostInOneSecond = (times: readonly number[]) =>
  Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + 1_000).length));

test('a rate spreads what is handed out, and little may be made up at once', () => {
  const times = handOuts(10, 100, 1);
  expect(times.length).toBeGreaterThanOrEqual(200);
  expect(times.length).toBeLessThanOrEqual(202);
  expect(mostInOneSecond(times)).toBeLessThanOrEqual(22);
});

test('with a part of the slots goes that part of the rate', () => {
  const times = handOuts(10, 50, 0.5);
  expect(times.length).toBeGreaterThanOrEqual(100);
  expect(times.length).toBeLessThanOrEqual(102);
  expect(mostInOneSecond(times)).toBeLessThanOrEqual(12);
});
