/** When a source is too silent, judged on invented histories, and that none of them makes it cry without need. */
import { describe, expect, test } from 'vitest';
import { judgeSilence } from '../../../src/serve/alarms/silence.ts';

const DAY = 24;
const WEEK = 7 * DAY;
/** The first hour of a Monday, in this calendar. */
const START = 3_000 * WEEK;
const FACTOR = 3;

/** How many events came in an hour since START. */
type Sender = (hour: number, random: () => number) => number;

const hourOfDay = (hour: number) => hour % DAY;
const dayOfWeek = (hour: number) => Math.floor(hour / DAY) % 7;
const isWorking = (hour: number) => dayOfWeek(hour) < 5 && hourOfDay(hour) >= 9 && hourOfDay(hour) < 18;
/** As many as a source sends whose events know nothing of each other. */
const about = (mean: number, random: () => number) => {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
};

const USUAL: Readonly<Record<string, Sender>> = {
  steady: () => 20,
  'one in an hour or so': (_, random) => about(1, random),
  'a few in a day': (_, random) => about(0.1, random),
  'business hours only': (hour, random) => (isWorking(hour) ? about(20, random) : 0),
  'few, and in business hours only': (hour, random) => (isWorking(hour) ? about(1, random) : 0),
  'silent at weekends': (hour, random) => (dayOfWeek(hour) < 5 ? about(5, random) : 0),
  'once a night': (hour) => (hourOfDay(hour) === 3 ? 1 : 0),
  'summer time in the middle': (hour, random) =>
    isWorking(hour + (hour < 10 * WEEK ? 0 : 1)) ? about(20, random) : 0,
};

/** Bursts of a few hours, days apart. */
function bursts(): Sender {
  let left = -1;
  return (_, random) => {
    if (left < 0 && random() < 1 / 50) left = 4;
    left = Math.max(-1, left - 1);
    return left >= 0 ? 500 : 0;
  };
}

/** Repeatable, so that a failure is one tomorrow as well. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Life {
  readonly spokeIn: Set<number>;
  /** Hours since START at which it was told of, the first hour of each silence only. */
  readonly cries: number[];
}

/** Lets a source live, judged at every hour as the service would. */
function live(sender: Sender, hours: number, seed = 7): Life {
  const random = randomFrom(seed);
  const spokeIn = new Set<number>();
  const cries: number[] = [];
  let last: number | undefined;
  let isCrying = false;
  for (let hour = 0; hour < hours; hour++) {
    const now = START + hour;
    const silence = last !== undefined && judgeSilence(spokeIn, last + 1, now, FACTOR) !== undefined;
    if (silence && !isCrying) cries.push(hour);
    isCrying = silence;
    if (sender(hour, random) === 0) continue;
    spokeIn.add(now);
    spokeIn.delete(now - 5 * WEEK);
    last = now;
  }
  return { spokeIn, cries };
}

/** After how many complete hours of silence it is told of; undefined for not within four weeks. */
function noticedAfter({ spokeIn }: Life): number | undefined {
  const last = Math.max(...spokeIn);
  for (let hours = 0; hours < 4 * WEEK; hours++) {
    if (judgeSilence(spokeIn, last + 1, last + 1 + hours, FACTOR)) return hours;
  }
  return undefined;
}

describe('half a year of a source that goes on as usual raises nothing', () => {
  test.each([...Object.keys(USUAL), 'bursts'])('%s', (name) => {
    for (const seed of [1, 2, 3]) {
      expect(live(USUAL[name] ?? bursts(), 26 * WEEK, seed).cries).toEqual([]);
    }
  });
});

describe('a silence is noticed', () => {
  test.each([
    ['steady', 2, 3],
    ['one in an hour or so', 6, 48],
    ['a few in a day', 48, 14 * DAY],
    ['once a night', 2 * DAY, 2 * DAY],
  ])('%s: after %i hours at the earliest, %i at the latest', (name, least, most) => {
    const after = noticedAfter(live(USUAL[name] as Sender, 8 * WEEK));
    expect(after).toBeGreaterThanOrEqual(least);
    expect(after).toBeLessThanOrEqual(most);
  });

  test('of business hours: on Monday morning, not at the weekend', () => {
    const { spokeIn } = live(USUAL['business hours only'] as Sender, 7 * WEEK + 4 * DAY + 18);
    const friday = Math.max(...spokeIn) - START;
    expect([dayOfWeek(friday), hourOfDay(friday)]).toEqual([4, 17]);
    const noticed = friday + 1 + (noticedAfter({ spokeIn, cries: [] }) ?? Number.NaN);
    expect([dayOfWeek(noticed), hourOfDay(noticed)]).toEqual([0, 11]);
  });

  test('of one that dies slowly: while it still sends a little', () => {
    const dying: Sender = (hour, random) => about(20 * 0.5 ** (Math.max(0, hour - 4 * WEEK) / DAY), random);
    const { cries } = live(dying, 8 * WEEK);
    expect(cries.length).toBeGreaterThan(0);
    expect(cries[0]).toBeGreaterThan(4 * WEEK);
  });

  test('and it stays noticed, however long it lasts', () => {
    const life = live(USUAL.steady as Sender, 8 * WEEK);
    const last = Math.max(...life.spokeIn);
    for (const hours of [3, DAY, WEEK, 8 * WEEK, 50 * WEEK]) {
      expect(judgeSilence(life.spokeIn, last + 1, last + hours, FACTOR), `${hours}`).toBeDefined();
    }
  });

  test('a holiday that came to pass excuses the next one', () => {
    const holidays: Sender = (hour, random) =>
      dayOfWeek(hour) === 0 && Math.floor(hour / WEEK) % 2 === 1
        ? 0
        : (USUAL['business hours only'] as Sender)(hour, random);
    const { cries } = live(holidays, 20 * WEEK);
    expect(cries.every((hour) => hour < 6 * WEEK)).toBe(true);
  });
});

describe('without enough history nothing is too silent', () => {
  test.each([
    ['one that has never spoken', () => 0, 4 * WEEK],
    ['a brand-new one', () => 5, 10],
    ['one of a week', () => 5, WEEK],
    ['one that was tried out now and then', (hour: number) => (hour % 50 === 0 ? 100 : 0), 4 * WEEK],
  ] as [string, Sender, number][])('%s', (_, sender, hours) => {
    expect(noticedAfter(live(sender, hours))).toBeUndefined();
  });
});
