/** When readiness goes and comes back, by a clock of the test’s. */
import type pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Health } from '../../src/inbox/postgres/health.ts';
import type { ReplicaEvent } from '../../src/inbox/postgres/replica-event.ts';

/** As long as the database must have been shut before readiness goes, and open before it comes back. */
const UNREADY_AFTER_MS = 1_500;
const READY_AFTER_MS = 1_000;
/** The longest between two probes while it is shut. */
const PROBE_AGAIN_MS = 450;

let told: ReplicaEvent[];
let fails: boolean;
let health: Health;
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  fails = true;
  const probe = async () => {
    if (fails) throw new Error('no answer');
  };
  const pool = { idleCount: 0 } as pg.Pool;
  health = new Health(pool, probe, (event) => told.push(event));
});
afterEach(() => {
  health.close();
  vi.useRealTimers();
});

const turns = () => told.flatMap((event) => (event.kind === 'writes' ? event.taken : []));

test('readiness goes once the database has been shut for a while, and not before', async () => {
  health.doubt(new Error('a statement has failed'));
  await vi.advanceTimersByTimeAsync(UNREADY_AFTER_MS - 1);
  expect([health.isOpen, turns()]).toEqual([false, []]);
  await vi.advanceTimersByTimeAsync(1);
  expect(turns()).toEqual([false]);
});

test('one that is open again before that was a hiccup of which nobody is told', async () => {
  health.doubt(new Error('a statement has failed'));
  await vi.advanceTimersByTimeAsync(UNREADY_AFTER_MS - PROBE_AGAIN_MS - 1);
  fails = false;
  await vi.advanceTimersByTimeAsync(10 * UNREADY_AFTER_MS);
  expect([health.isOpen, turns()]).toEqual([true, []]);
});

test('it comes back once the database has been open for a while, and not before', async () => {
  health.doubt(new Error('a statement has failed'));
  await vi.advanceTimersByTimeAsync(2 * UNREADY_AFTER_MS);
  fails = false;
  while (!health.isOpen) await vi.advanceTimersByTimeAsync(1);
  await vi.advanceTimersByTimeAsync(READY_AFTER_MS - 1);
  expect(turns()).toEqual([false]);
  await vi.advanceTimersByTimeAsync(1);
  expect(turns()).toEqual([false, true]);
});

test('while it flickers it stays not ready', async () => {
  health.doubt(new Error('a statement has failed'));
  await vi.advanceTimersByTimeAsync(2 * UNREADY_AFTER_MS);
  for (let nth = 0; nth < 5; nth++) {
    fails = false;
    while (!health.isOpen) await vi.advanceTimersByTimeAsync(1);
    await vi.advanceTimersByTimeAsync(READY_AFTER_MS / 2);
    fails = true;
    health.doubt(new Error('again'));
    await vi.advanceTimersByTimeAsync(READY_AFTER_MS);
  }
  expect(turns()).toEqual([false]);
});
