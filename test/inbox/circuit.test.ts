/** The circuit breaker's rules, without a clock. */
import { expect, test } from 'vitest';
import { type Circuit, CLOSED, circuitAfter, type UnavailableTarget } from '../../src/inbox/circuit.ts';

const KNOBS = { failures: 3, restMs: 1_000, restMaxMs: 60_000 };
const DOWN = {};
const after = (circuit: Circuit, now: number, ...ends: (UnavailableTarget | undefined)[]) =>
  ends.reduce((known, unavailable) => circuitAfter(known, unavailable, now, KNOBS), circuit);

test('so many failures in a row open it, for at least half of its rest', () => {
  expect(after(CLOSED, 0, DOWN, DOWN).openings).toBe(0);
  const open = after(CLOSED, 5_000, DOWN, DOWN, DOWN);
  expect(open.openings).toBe(1);
  expect(open.restsUntil).toBeGreaterThanOrEqual(5_500);
  expect(open.restsUntil).toBeLessThanOrEqual(6_000);
});

test('any other end of an attempt between them begins the row anew', () => {
  expect(after(CLOSED, 0, DOWN, DOWN, undefined)).toBe(CLOSED);
  expect(after(CLOSED, 0, DOWN, DOWN, undefined, DOWN, DOWN).openings).toBe(0);
});

test('one that names a time opens it at once, for that time: at least the shortest rest, at most an hour', () => {
  expect(after(CLOSED, 0, { restMs: 7_000 })).toEqual({ failures: 1, openings: 1, restsUntil: 7_000 });
  expect(after(CLOSED, 0, { restMs: 0 }).restsUntil).toBe(1_000);
  expect(after(CLOSED, 0, { restMs: 1e9 }).restsUntil).toBe(3_600_000);
});

test('while it rests nothing but the count of failures changes', () => {
  const open = after(CLOSED, 0, { restMs: 7_000 });
  expect(after(open, 6_999, undefined)).toBe(open);
  expect(after(open, 6_999, DOWN, { restMs: 9_000 })).toEqual({ ...open, failures: 3 });
});

test('after the rest one failure opens it again, for longer each time and never longer than the longest', () => {
  let circuit = after(CLOSED, 0, DOWN, DOWN, DOWN);
  for (const longestMs of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    const now = circuit.restsUntil;
    circuit = after(circuit, now, DOWN);
    expect(circuit.restsUntil - now).toBeGreaterThanOrEqual(longestMs / 2);
    expect(circuit.restsUntil - now).toBeLessThanOrEqual(longestMs);
  }
  expect(after(circuit, circuit.restsUntil, undefined)).toBe(CLOSED);
});
