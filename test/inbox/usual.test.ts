/** What is usual: judged by days like this one, known once there were enough of them, and not moved by a single odd day. */
import { expect, test } from 'vitest';
import { usualBetween, usualFrom } from '../../src/inbox/usual.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A Wednesday. */
const TODAY = Date.UTC(2026, 2, 4);

/** So many in each hour of the days from `daysAgo` on, by what `countOf` says of a time. */
function past(daysAgo: number, countOf: (time: number) => number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let time = TODAY - daysAgo * DAY_MS; time < TODAY; time += HOUR_MS) {
    const count = countOf(time);
    if (count > 0) counts.set(time / HOUR_MS, count);
  }
  return counts;
}

const weekday = (time: number) => new Date(time).getUTCDay();
const isWeekend = (time: number) => [0, 6].includes(weekday(time));
const hourOf = (time: number) => new Date(time).getUTCHours();
const at = (hour: number) => TODAY + hour * HOUR_MS;

test('the hour of now is compared with the same hour of other days, and the day so far with theirs', () => {
  const counts = past(29, (time) => (isWeekend(time) ? 0 : hourOf(time)));
  expect(usualBetween(counts, at(14), at(15))).toEqual({ count: 14, least: 14, most: 14 });
  expect(usualBetween(counts, at(0), at(4))).toEqual({ count: 0 + 1 + 2 + 3, least: 6, most: 6 });
  expect(usualBetween(counts, at(10), at(10.5))).toMatchObject({ count: 5 });
  expect(usualBetween(counts, at(0), at(0))).toMatchObject({ count: 0 });
});

test('a weekend is not judged by working days, nor a working day by a weekend', () => {
  const counts = past(29, (time) => (isWeekend(time) ? 1 : 100));
  const saturday = TODAY - 4 * DAY_MS;
  expect(usualBetween(counts, at(9), at(10))).toEqual({ count: 100, least: 100, most: 100 });
  expect(usualBetween(counts, saturday + 9 * HOUR_MS, saturday + 10 * HOUR_MS)).toMatchObject({ count: 1 });
});

// The third working day before that Wednesday was a Friday.
test.each([
  [1, undefined],
  [4, undefined],
  [5, 5],
])('after %d days it is %s', (days, count) => {
  // Of the hour in which a source spoke first nobody knows what was missing.
  const counts = past(days, () => 5);
  expect(usualBetween(counts, at(9), at(10))?.count).toBe(count);
});

test('nothing is known of a source that never spoke, or that has just begun', () => {
  expect(usualBetween(new Map(), at(9), at(10))).toBeUndefined();
  expect(usualBetween(new Map([[at(9) / HOUR_MS, 50]]), at(9), at(10))).toBeUndefined();
});

test('a day of nothing and a day of far too much change little, and a source that has grown is known within days', () => {
  const odd = new Map([
    [1, 0],
    [7, 10_000],
  ]);
  const daysAgo = (time: number) => Math.ceil((TODAY - time) / DAY_MS);
  const counts = past(29, (time) => odd.get(daysAgo(time)) ?? 20);
  expect(usualBetween(counts, at(9), at(10))).toEqual({ count: 20, least: 0, most: 10_000 });
  const grown = past(29, (time) => (daysAgo(time) <= 8 ? 60 : 20));
  expect(usualBetween(grown, at(9), at(10))?.count).toBe(60);
});

test('the past that is read reaches to the first day that counts', () => {
  const until = at(13);
  const begin = usualFrom(until);
  const counts = new Map([...past(40, () => 5)].filter(([hour]) => hour * HOUR_MS >= begin));
  expect(usualBetween(counts, at(0), until)).toEqual({ count: 65, least: 65, most: 65 });
  expect(begin).toBeLessThan(TODAY - 28 * DAY_MS);
});
