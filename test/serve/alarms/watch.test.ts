/** Hours and days of the watch, on a clock of the test's own: silence, and what becomes of an alarm over time. */
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Log } from '../../../src/base/log/log.ts';
import type { QuarantinedHandler } from '../../../src/deliver/dispatch/apart.ts';
import type { WatchedSource } from '../../../src/serve/alarms/alarm.ts';
import { AlarmBook } from '../../../src/serve/alarms/book.ts';
import type { Watched } from '../../../src/serve/alarms/look.ts';
import { AlarmWatch } from '../../../src/serve/alarms/watch.ts';
import { type AlarmKnobs, readKnobs } from '../../../src/serve/config/knobs.ts';
import { type Meter, meterFor, type SeenRequest } from '../../../src/serve/meter.ts';
import { shippo } from '../../../src/verify/presets.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 5, 10, 12, 30);
const alarms: AlarmKnobs = readKnobs({ alarms: { diskFreeMb: 0 } }, []).alarms;

let said: { level: string; fields: Record<string, unknown>; message: string | undefined }[];
let watch: AlarmWatch;
let meter: Meter;
beforeEach(() => {
  vi.useFakeTimers({
    now: NOW,
    toFake: ['Date', 'performance', 'setInterval', 'setTimeout', 'clearInterval'],
  });
  said = [];
});
afterEach(() => {
  watch?.stop();
  vi.useRealTimers();
});

const say = (level: string) => (fields: object, message?: string) => {
  said.push({ level, fields: fields as Record<string, unknown>, message });
};
const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
const source: WatchedSource = {
  name: 'shippo',
  prefix: 'SHIPPO',
  path: '/webhooks/shippo',
  schemes: ['hmac'],
  preset: shippo,
};

const REFUSED: SeenRequest = {
  code: 'hmac_mismatch',
  address: '203.0.113.7',
  isKnown: false,
  looks: 'shaped',
};

/** A source that spoke every hour of four weeks, until the watch began. */
const steady = Array.from({ length: 28 * 24 }, (_, hours) => ({
  source: 'shippo',
  address: '203.0.113.7',
  at: NOW - (hours + 0.1) * HOUR_MS,
  minutes: [1 << 24, 0] as const,
}));

let statusFailure = '';
let apart: QuarantinedHandler[] = [];
let isShared = false;

function start(readPast: Watched['readPast'], settings: Partial<WatchedSource> = {}, receives = true): void {
  watch = new AlarmWatch(alarms, [source], ['shippo/work'], log);
  meter = meterFor([watch.listener]);
  watch.start({
    inbox: {
      takesWrites: () => true,
      trouble: () => undefined,
      doubt: async () => {},
      believeClock: async () => {},
      noteAlarms: async () => {
        throw new Error('nothing is kept');
      },
      openAlarms: async () => ({ raised: [], unheard: [] }),
      noteAlarmDelivery: async () => {},
      status: async () => {
        if (statusFailure !== '') throw new Error(statusFailure);
        return { inbox: 'x', backlog: [], oldestPendingAt: null, resting: [], paused: [] };
      },
    },
    receives,
    dispatches: true,
    isShared,
    refusedDays: 7,
    crashes: [],
    refused: { losses: () => [] },
    supervisor: { quarantined: () => apart },
    readPast,
    onClockSet() {},
    settings: () => ({ sources: [{ ...source, ...settings }], alarmTarget: undefined }),
  });
}

const told = () => said.filter(({ fields }) => fields.alarm !== undefined);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('a handler that runs apart is told of, and over once it is back with the others', async () => {
  start(async () => []);
  apart = [
    { handler: 'shippo/orders', since: NOW, reason: 'it kept its thread busy for longer than 30000 ms' },
  ];
  await pass(60_000);
  expect(told()).toMatchObject([{ level: 'error', fields: { alarm: 'apart', subject: 'shippo/orders' } }]);
  expect(told()[0]?.message).toBe(
    'shippo/orders runs in a thread of its own: it kept its thread busy for longer than 30000 ms',
  );
  apart = [];
  await pass(10 * 60_000);
  expect(watch.raised()).toEqual([]);
  expect(told().at(-1)?.level).toBe('info');
});

test('a source that always speaks and then does not is told of within hours, and over when it speaks', async () => {
  start(async () => steady);
  await pass(2 * HOUR_MS);
  expect(told()).toEqual([]);
  await pass(HOUR_MS);
  expect(told()).toMatchObject([
    { level: 'error', fields: { alarm: 'silence', subject: 'shippo', since: '2026-06-10T12:24:00.000Z' } },
  ]);
  expect(told()[0]?.message).toBe(
    'shippo: silent for 3 hours, since 12:24 UTC; by its last four weeks something should have come in 2 of these hours, and none stayed empty before',
  );
  expect(watch.raised()).toMatchObject([{ kind: 'silence', subject: 'shippo' }]);
  await pass(7 * HOUR_MS);
  expect(told().map(({ level }) => level)).toEqual(['error', 'error']);
  meter.request('shippo', 'accepted', '', 1);
  await pass(10 * 60_000);
  expect(told().at(-1)).toMatchObject({
    level: 'info',
    message: expect.stringMatching(/^over after 10 hours: /),
  });
  expect(watch.raised()).toEqual([]);
});

test('one that goes on speaking, or refuses only, is judged by what passes', async () => {
  start(async () => steady);
  for (let hour = 0; hour < 30; hour++) {
    meter.request('shippo', hour % 2 === 0 ? 'accepted' : 'duplicate', '', 1);
    await pass(HOUR_MS);
  }
  expect(told()).toEqual([]);
  for (let hour = 0; hour < 4; hour++) {
    meter.request('shippo', 'refused', 'hmac_mismatch', 1);
    meter.sender('shippo', REFUSED);
    await pass(HOUR_MS);
  }
  expect(told().map(({ fields }) => fields.alarm)).toEqual(['silence']);
});

test.each([
  ['a fresh installation', async () => [], {}],
  ['a past that cannot be read', () => Promise.reject(new Error('no such file')), {}],
  ['a source that has been switched off', async () => steady, { schemes: [] }],
  ['a source that spoke now and then', async () => steady.filter((_, hours) => hours % 60 === 0), {}],
  ['a source that is new', async () => steady.slice(0, 6 * 24), {}],
] as [string, Watched['readPast'], Partial<WatchedSource>][])(
  '%s is left in peace',
  async (_, past, settings) => {
    start(past, settings);
    await pass(3 * DAY_MS);
    expect(told()).toEqual([]);
  },
);

test('where no requests come to, nobody is silent', async () => {
  start(async () => steady, {}, false);
  await pass(3 * DAY_MS);
  expect(told()).toEqual([]);
});

test('hours in which the machine slept are nobody’s silence', async () => {
  start(async () => steady);
  await pass(HOUR_MS);
  vi.setSystemTime(Date.now() + 3 * DAY_MS);
  await pass(2 * HOUR_MS);
  expect(told()).toEqual([]);
  await pass(HOUR_MS);
  expect(told()).toHaveLength(1);
});

test('a clock that is off and then gets worse is not over, since nothing more tells that it is right', async () => {
  start(async () => []);
  const sign = (count: number, aheadS: number) => {
    for (let nth = 0; nth < count; nth++) {
      const signature = `t=${Math.floor(Date.now() / 1_000) - aheadS},v1=00`;
      meter.proof('shippo', { scheme: 'hmac', signature });
    }
  };
  sign(20, 100);
  await pass(60_000);
  expect(told()).toMatchObject([{ level: 'error', fields: { alarm: 'clock', subject: 'shippo' } }]);
  vi.setSystemTime(Date.now() + 3_600_000);
  await pass(30 * 60_000);
  expect(told()).toHaveLength(1);
  vi.setSystemTime(Date.now() - 3_600_000 - 100_000);
  await pass(60_000);
  sign(3, 0);
  await pass(5 * 60_000);
  expect(told().map(({ level }) => level)).toEqual(['error', 'info']);
});

test('what another replica hears is no silence', async () => {
  onTestFinished(() => {
    isShared = false;
  });
  isShared = true;
  // This one hears nothing; the other one does until the fifth hour.
  start(async (from, until) => {
    const hours = Array.from({ length: 5 }, (_, hour) => NOW + (hour + 0.5) * HOUR_MS);
    const elsewhere = hours.map((at) => ({ source: 'shippo', address: '', at, minutes: [1, 0] as const }));
    return [...steady, ...elsewhere].filter(({ at }) => at >= from && at < until);
  });
  await pass(7 * HOUR_MS);
  expect(told()).toEqual([]);
  await pass(HOUR_MS);
  expect(told()).toMatchObject([{ fields: { alarm: 'silence', since: '2026-06-10T17:00:00.000Z' } }]);
});

test('the time before the service ran is nobody’s silence either', async () => {
  start(async () => steady.map((spoken) => ({ ...spoken, at: spoken.at - 3 * DAY_MS })));
  await pass(2 * HOUR_MS);
  expect(told()).toEqual([]);
});

test('an alarm is told once, again after a while, and is over only when it stays away', () => {
  const book = new AlarmBook({ repeatMs: 1_000, calmMs: 100 });
  const finding = (says: string) => [{ subject: 'a', says, fix: 'do' }];
  const note = (findings: ReturnType<typeof finding>, now: number) =>
    book.note('disk', findings, now).map(({ type, alarm: { says, since } }) => [type, says, since]);
  expect(note(finding('low'), 5_000)).toEqual([['alarm.raised', 'low', 5_000]]);
  expect(note(finding('lower'), 5_500)).toEqual([]);
  expect(book.raised()).toMatchObject([{ kind: 'disk', subject: 'a', says: 'lower' }]);
  expect(note([], 5_600)).toEqual([]);
  expect(note(finding('lower'), 5_650)).toEqual([]);
  expect(note(finding('lowest'), 6_000)).toEqual([['alarm.raised', 'lowest', 5_000]]);
  expect(note([], 17_000)).toEqual([]);
  expect(book.note('inbox', [], 17_100)).toEqual([]);
  expect(note([], 17_100)).toEqual([['alarm.over', 'over after 12 seconds: lowest', 5_000]]);
  expect([book.raised(), note([], 17_200)]).toEqual([[], []]);
});

test('a clock that is set makes no alarm older or over', () => {
  const book = new AlarmBook({ repeatMs: 1_000, calmMs: 100 });
  const finding = [{ subject: 'a', says: 'low', fix: 'do' }];
  expect(book.note('disk', finding, 5_000)).toHaveLength(1);
  book.note('disk', [], 5_050);
  book.shift(60_000);
  expect(book.note('disk', [], 65_100)).toEqual([]);
  expect(book.note('disk', finding, 65_120)).toEqual([]);
});

test('an alarm that the inbox keeps is taken over, and let go when another replica has ended it', () => {
  const book = new AlarmBook({ repeatMs: 1_000, calmMs: 100 });
  const alarm = { kind: 'silence', subject: 'a', since: 1, says: 'silent', fix: 'do' };
  const own = { subject: 'b', says: 'low', fix: 'do' };
  book.note('disk', [own], 5_000);
  book.adopt([alarm], 5_000);
  expect(book.raised()).toMatchObject([{ kind: 'disk' }, alarm]);
  expect(book.note('silence', [], 5_500, new Set(['a']))).toEqual([]);
  book.adopt([], 5_600);
  expect(book.raised()).toMatchObject([{ kind: 'disk' }]);
  // What it has ended by itself may still be there for a moment.
  book.note('disk', [], 5_700);
  book.note('disk', [], 5_800);
  book.adopt([{ ...own, kind: 'disk', since: 5_000 }], 5_850);
  expect(book.raised()).toEqual([]);
});

test('alarms that cannot be judged are told of, and when they can be again', async () => {
  onTestFinished(() => {
    statusFailure = '';
  });
  statusFailure = 'what waits is still being counted';
  start(async () => []);
  const raised = () => told().filter(({ level }) => level !== 'debug');
  await pass(alarms.lookMs - 1);
  expect(raised()).toEqual([]);
  await pass(2 * alarms.lookMs);
  expect(raised()).toMatchObject([{ level: 'error', fields: { alarm: 'look' } }]);
  expect(raised()[0]?.message).toBe(
    'nobody knows whether there is an alarm of failing, dead, backlog: what waits is still being counted',
  );
  statusFailure = '';
  await pass(alarms.calmMs + 3 * alarms.lookMs);
  expect(raised().map(({ level }) => level)).toEqual(['error', 'info']);
});
