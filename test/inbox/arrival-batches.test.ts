/** The deadline of what is on its way to the disk, by a clock of the test’s. */
import { type Preset, presets, sentry } from 'consignee';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ArrivalBatches } from '../../src/inbox/arrival-batches.ts';
import type { Kept } from '../../src/inbox/contract.ts';
import { presetAnswersOf } from '../../src/serve/work.ts';
import { arrival } from './driver.ts';

/** The default of `inboxDeadlineMs`. Shippo waits for 3 s in all. */
const DEADLINE_MS = 2_500;
/** It is looked for so often. */
const SWEEP_MS = 100;
const KEPT: Kept = { outcome: 'accepted', id: 'evt_0000000000001' };

const made: ArrivalBatches[] = [];
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const one of made.splice(0)) one.stop();
  vi.useRealTimers();
});

/** Answers with what became of an arrival, once something has. */
function keepIn(batches: ArrivalBatches, withinMs?: number): () => string | undefined {
  let end: string | undefined;
  batches.keep(arrival('one', '{}'), withinMs).then(
    ({ outcome }) => {
      end = outcome;
    },
    (error: { code: string }) => {
      end = error.code;
    },
  );
  return () => end;
}

function make(posts: number[] = []): ArrivalBatches {
  const batches = new ArrivalBatches(DEADLINE_MS, (id) => posts.push(id) > 0);
  made.push(batches);
  return batches;
}

test('what is not on disk by the deadline is given up, and not before', async () => {
  const batches = make();
  const end = keepIn(batches);
  await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
  expect(end()).toBe(undefined);
  await vi.advanceTimersByTimeAsync(SWEEP_MS + 1);
  expect(end()).toBe('inbox_slow');
});

test('what is on disk in time is answered, and its lateness is forgotten with the next word of the thread', async () => {
  const posts: number[] = [];
  const batches = make(posts);
  const late = keepIn(batches);
  await vi.advanceTimersByTimeAsync(DEADLINE_MS + SWEEP_MS);
  expect(late()).toBe('inbox_slow');
  expect(batches.isLateFor(0)).toBe(true);
  const inTime = keepIn(batches);
  await vi.advanceTimersByTimeAsync(DEADLINE_MS - SWEEP_MS);
  for (const id of posts) batches.heed({ kind: 'kept', id, kept: [KEPT] });
  await vi.advanceTimersByTimeAsync(0);
  expect(inTime()).toBe('accepted');
  expect(batches.isLateFor(0)).toBe(false);
});

test('a provider that is in a hurry is given up sooner, and no one later than all', async () => {
  const batches = make();
  const [hurried, patient, usual] = [keepIn(batches, 800), keepIn(batches, 10_000), keepIn(batches)];
  await vi.advanceTimersByTimeAsync(799);
  expect(hurried()).toBe(undefined);
  await vi.advanceTimersByTimeAsync(SWEEP_MS + 1);
  expect([hurried(), patient(), usual()]).toEqual(['inbox_slow', undefined, undefined]);
  await vi.advanceTimersByTimeAsync(DEADLINE_MS);
  expect([patient(), usual()]).toEqual(['inbox_slow', 'inbox_slow']);
});

test('Sentry’s second is the only one that is shorter than the inbox’s own deadline', () => {
  const within = (preset: Preset, inboxDeadlineMs = DEADLINE_MS) =>
    presetAnswersOf({ preset }, { inboxDeadlineMs });
  const hurried = Object.values(presets).filter((preset) => 'storeWithinMs' in within(preset));
  expect(hurried).toEqual([sentry]);
  expect(within(sentry)).toEqual({ storeWithinMs: 800 });
  expect(within(sentry, 500)).toEqual({ storeWithinMs: 500 });
});
