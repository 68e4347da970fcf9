/** The log of attempts that failed: whole once, then counted. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FailedAttempt, FailureLog } from '../../../src/deliver/dispatch/failure-log.ts';

let lines: { fields: Record<string, unknown>; message: string | undefined }[];
let log: FailureLog;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 26, 16, 4) });
  lines = [];
  const note = (fields: object, message?: string) => lines.push({ fields: { ...fields }, message });
  log = new FailureLog({ debug: note, info: note, warn: note, error: note });
});
afterEach(() => {
  vi.useRealTimers();
});

const failed = (cause: string, outcome = 'retry', more: Partial<FailedAttempt> = {}): FailedAttempt => ({
  handler: 'shippo/orders',
  cause,
  outcome,
  fields: { eventId: 'evt_1', attempt: 1 },
  reason: 'Error: as told',
  trace: ['    at act (config/orders.ts:3:9)'],
  ...more,
});
const messages = () => lines.map(({ message }) => message);

test('a cause is logged whole once, and then in one line a minute', () => {
  for (let count = 0; count < 24; count++) log.note(failed('a'));
  expect(lines).toEqual([
    {
      fields: {
        handler: 'shippo/orders',
        eventId: 'evt_1',
        attempt: 1,
        outcome: 'retry',
        reason: 'Error: as told',
        cause: 'a',
        trace: '    at act (config/orders.ts:3:9)',
      },
      message: undefined,
    },
  ]);
  vi.advanceTimersByTime(60_000);
  expect(lines[1]).toEqual({
    fields: {
      handler: 'shippo/orders',
      cause: 'a',
      reason: 'Error: as told',
      attempts: 23,
      since: '2026-11-26T16:04:00.000Z',
    },
    message:
      '23 more attempts of shippo/orders failed like this (23 retry) since 16:04Z; see consignee events failures',
  });
  log.note(failed('a', 'later'));
  vi.advanceTimersByTime(60_000);
  expect(messages().slice(2)).toEqual([
    'one more attempt of shippo/orders failed like this (1 later) since 16:05Z; see consignee events failures',
  ]);
  vi.advanceTimersByTime(3_600_000);
  expect(lines).toHaveLength(3);
});

test('another cause, another handler and the end of an event are news', () => {
  log.note(failed('a'));
  log.note(failed('b'));
  log.note(failed('a', 'retry', { handler: 'shippo/bills' }));
  log.note(failed('a', 'dead'));
  log.note(failed('a', 'dead'));
  expect(lines).toHaveLength(4);
});

test('a cause that was away for ten minutes is news again', () => {
  log.note(failed('a'));
  vi.advanceTimersByTime(500_000);
  log.note(failed('a'));
  vi.advanceTimersByTime(500_000);
  expect(messages()).toEqual([undefined, expect.stringContaining('one more attempt')]);
  vi.advanceTimersByTime(200_000);
  log.note(failed('a'));
  expect(lines).toHaveLength(3);
});

test('a handler with ever new causes fills neither the log nor the memory, and leaves others theirs', () => {
  for (let count = 0; count < 10_000; count++) log.note(failed(`cause ${count}`));
  expect(lines).toHaveLength(50);
  log.note(failed('a', 'retry', { handler: 'shippo/bills' }));
  expect(lines).toHaveLength(51);
  vi.advanceTimersByTime(60_000);
  expect(messages().slice(51)).toEqual([
    '9,950 more attempts of shippo/orders failed in other ways (9950 retry) since 16:04Z; see consignee events failures',
  ]);
});

test('what has been counted is said before the thread ends', () => {
  log.note(failed('a'));
  log.note(failed('a'));
  log.summarise();
  expect(messages()).toEqual([undefined, expect.stringContaining('one more attempt')]);
});
