/**
 * Months of sources as they are, judged every minute by the rules `silence` and `refusals`: how often they cry without need, and how
 * soon they notice. docs/alarms.md has the number of whole years: CONSIGNEE_YEARS=3 npx vitest run test/serve/alarms/year.test.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Look, WatchedSource } from '../../../src/serve/alarms/alarm.ts';
import { judgeMinutes } from '../../../src/serve/alarms/minutes.ts';
import { refusalsAlarm } from '../../../src/serve/alarms/refusals.ts';
import { judgeSilence } from '../../../src/serve/alarms/silence.ts';
import { Tally } from '../../../src/serve/alarms/tally.ts';
import { readKnobs } from '../../../src/serve/config/knobs.ts';
import { shippo } from '../../../src/verify/presets.ts';
import { ROOT } from '../../harness/project.ts';

const YEARS = Number(process.env.CONSIGNEE_YEARS ?? 0.25);
const MINUTE_MS = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const YEAR = 52 * WEEK;
/** A Monday at midnight. */
const START_MS = Date.UTC(2025, 0, 6);
const FACTOR = 3;
/** What the internet sends to every address, each day. */
const NOISE = 50;

type Random = () => number;
/** How many events come in a minute since the beginning. */
type Sender = (minute: number, random: Random) => number;

function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const about = (mean: number, random: Random) => {
  if (mean > 12) return 1;
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
};
const hash = (day: number) => ((day * 2_654_435_761) >>> 8) % 1_000;
const dayOf = (minute: number) => Math.floor(minute / DAY);
const isWeekend = (minute: number) => dayOf(minute) % 7 > 4;
/** Begins and ends a little earlier or later each day, and by its own summer time. */
function worksAt(minute: number): boolean {
  const day = dayOf(minute);
  const isSummer = day % 364 > 84 && day % 364 < 300;
  const at = (minute % DAY) + (isSummer ? HOUR : 0);
  const [begin, end] = [9 * HOUR + (hash(day) % 15), 18 * HOUR - (hash(day + 7) % 15)];
  return !isWeekend(minute) && at >= begin && at < end;
}
const isHoliday = (minute: number) => hash(dayOf(minute)) < 30;

const SENDERS: Readonly<Record<string, Sender>> = {
  'every second': () => 60,
  'every minute': () => 1,
  'some in a minute': (_, random) => about(5, random),
  'one in a minute or so': (_, random) => about(1, random),
  'much by day, little by night': (minute, random) => {
    const wave = Math.sin(((minute % DAY) / DAY) * 2 * Math.PI - Math.PI / 2);
    return about(0.2 + 10 * Math.max(0, wave), random);
  },
  'much in business hours': (minute, random) => (worksAt(minute) ? about(10, random) : 0),
  'a little on holidays': (minute, random) =>
    worksAt(minute) ? about(isHoliday(minute) ? 0.5 : 10, random) : 0,
  'a batch every hour': (minute) => (minute % HOUR < 10 ? 50 : 0),
  'a few in an hour': (_, random) => about(3 / HOUR, random),
  'a few in a day': (_, random) => about(3 / DAY, random),
  'once a night': (minute) => (minute % DAY === 3 * HOUR ? 1 : 0),
};

const watched: WatchedSource = {
  name: 'shippo',
  prefix: 'SHIPPO',
  path: '/webhooks/shippo',
  schemes: ['hmac'],
  preset: shippo,
};
const { alarms: knobs } = readKnobs({}, []);

class Life {
  readonly tally = new Tally();
  readonly #looks = refusalsAlarm.memory?.() as Map<string, []>;
  /** Minutes in which an alarm began. */
  readonly silences: number[] = [];
  readonly refusals: number[] = [];
  #isSilent = false;
  #isRefused = false;

  /** Judges a minute in which so many came, and so much noise. */
  pass(minute: number, events: number, noise: number): void {
    const now = START_MS + minute * MINUTE_MS;
    if (events > 0) {
      this.tally.take(now);
      this.#isSilent = false;
    } else if (!this.#isSilent && this.#isTooSilent(now)) {
      this.#isSilent = true;
      this.silences.push(minute);
    }
    const seen = { code: 'hmac_missing', address: '192.0.2.1', isKnown: false, looks: 'strange' } as const;
    for (let nth = 0; nth < noise; nth++) this.tally.see(seen, now);
    const look = { now, knobs, sources: [watched], tallyOf: () => this.tally, refusedDays: 7 };
    const isRefused = this.#find(look).length > 0;
    if (isRefused && !this.#isRefused) this.refusals.push(minute);
    this.#isRefused = isRefused;
  }

  #find(look: Pick<Look, 'now' | 'knobs' | 'sources' | 'tallyOf' | 'refusedDays'>): readonly unknown[] {
    return refusalsAlarm.find(look as Look, this.#looks) as readonly unknown[];
  }

  #isTooSilent(now: number): boolean {
    const { spoke, lastTakenAt } = this.tally;
    if (lastTakenAt === undefined) return false;
    if (judgeMinutes(spoke, lastTakenAt, 0, now, FACTOR)) return true;
    if ((now / MINUTE_MS) % HOUR !== 0) return false;
    const last = Math.floor(lastTakenAt / (HOUR * MINUTE_MS));
    for (const hour of spoke.keys()) if (hour < last - 4 * 168) spoke.delete(hour);
    const until = Math.floor(now / (HOUR * MINUTE_MS));
    return judgeSilence(new Set(spoke.keys()), last + 1, until, FACTOR) !== undefined;
  }
}

function live(sender: Sender, minutes: number, seed: number): Life {
  const life = new Life();
  const random = randomFrom(seed);
  for (let minute = 0; minute < minutes; minute++) {
    life.pass(minute, sender(minute, random), random() < NOISE / DAY ? 1 : 0);
  }
  return life;
}

const cries = new Map<string, number>();

test.each(Object.keys(SENDERS))('%s, with noise, hardly raises anything in a year', (name) => {
  let count = 0;
  for (let year = 0; year < YEARS; year++) {
    const minutes = Math.min(1, YEARS) * YEAR;
    const { silences, refusals } = live(SENDERS[name] as Sender, minutes, 7 + year);
    expect(refusals).toEqual([]);
    count += silences.length;
  }
  cries.set(name, count / YEARS);
  expect(count / Math.max(1, YEARS)).toBeLessThanOrEqual(name === 'a little on holidays' ? 2 : 1);
});

test.runIf(YEARS >= 1)('docs/alarms.md has the number of false alarms', () => {
  const all = [...cries.values()];
  const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
  const page = readFileSync(join(ROOT, 'docs/alarms.md'), 'utf8');
  console.log([...cries], mean);
  expect(page).toContain(`**${mean.toFixed(2)} false alarms a year and source**`);
});

test('a holiday on which nothing comes is told of once', () => {
  const keeps: Sender = (minute, random) => (worksAt(minute) && !isHoliday(minute) ? about(10, random) : 0);
  const minutes = Math.min(1, YEARS) * YEAR;
  const { silences } = live(keeps, minutes, 7);
  const days = new Set(silences.map(dayOf));
  expect(days.size).toBe(silences.length);
  for (const minute of silences) expect(isHoliday(minute)).toBe(true);
});

test.each([
  ['every second', 5 * WEEK + 2 * DAY + 12 * HOUR, 6],
  ['every minute', 5 * WEEK + 2 * DAY + 3 * HOUR, 6],
  ['some in a minute', 5 * WEEK + 2 * DAY + 12 * HOUR, 20],
  ['much in business hours', 5 * WEEK + 2 * DAY + 14 * HOUR, 20],
  ['a batch every hour', 5 * WEEK + 2 * DAY + 12 * HOUR, 5 * HOUR],
])('%s that breaks off is noticed in time', (name, end, most) => {
  const sender = SENDERS[name] as Sender;
  const life = live((minute, random) => (minute < end ? sender(minute, random) : 0), end + most + 1, 7);
  const [noticed] = life.silences;
  expect(noticed).toBeGreaterThan(end);
  expect(noticed).toBeLessThanOrEqual(end + most);
});
