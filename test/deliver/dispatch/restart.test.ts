/** The process ends under its handlers, kindly or not; and the wiring changes between two runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  FEWER,
  KNOBS,
  outcomes,
  seen,
  startWired,
  tell,
  tries,
  untilOutcome,
  wired,
  workOf,
} from '../../harness/deliver.ts';
import { openService } from '../../harness/open-service.ts';
import type { RunningService, Service } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';

/** It is the end of the process that ends an attempt, however busy the machine, and not its time limit. */
const PATIENT = { ...KNOBS, handler: { ...KNOBS.handler, timeLimitMs: 60_000 } };

let folder: string;
/** The one that runs, or ran last. */
let service: RunningService;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterEach(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

/** A process, to be ended. */
async function start(): Promise<Service> {
  const started = await startWired({ folder, knobs: PATIENT });
  service = started;
  return started;
}
/** What comes after such an end. */
async function comeBack(config?: string): Promise<void> {
  service = await openService(wired({ folder, ...(config && { config }) }));
}
const untilStarted = (id: string) =>
  waitFor(
    () => seen(service, id).length > 0,
    20_000,
    () => service.output(),
  );

test('kill -9 while a handler runs: the event runs again after the start, as attempt 2', async () => {
  const { kill } = await start();
  const id = await tell(service, 'jobs', 'hang', 'ok');
  await untilStarted(id);
  expect(workOf(service, id)).toEqual([{ handler: 'jobs/work', state: 'handling', attempts: 1 }]);
  await kill('SIGKILL');
  await comeBack();
  await untilOutcome(service, id, 'done');
  expect(tries(service, id)).toEqual([
    { attempt: 1, outcome: 'retry', error: expect.stringContaining('the service ended while it ran') },
    { attempt: 2, outcome: 'done', error: null },
  ]);
  expect(seen(service, id).map(({ what, attempt }) => [what, attempt])).toEqual([
    ['start', 1],
    ['start', 2],
    ['end', 2],
  ]);
});

test('an event that ends its process every time is dead in the end, and lets the others through', async () => {
  let { kill } = await start();
  const id = await tell(service, 'few', 'hang');
  for (let round = 1; round <= 3; round++) {
    if (round > 1) ({ kill } = await start());
    await waitFor(
      () => seen(service, id).length === round,
      20_000,
      () => JSON.stringify([seen(service, id), workOf(service, id)]) + service.output(),
    );
    await kill('SIGKILL');
  }
  await comeBack();
  await untilOutcome(service, id, 'dead');
  const other = await tell(service, 'few', 'ok');
  await untilOutcome(service, other, 'done');
  expect(workOf(service, id)).toEqual([{ handler: 'few/work', state: 'dead', attempts: 3 }]);
});

test('SIGTERM lets a handler finish, and what it settled is on disk', async () => {
  const { kill } = await start();
  const id = await tell(service, 'jobs', 'brief');
  await untilStarted(id);
  expect(await kill('SIGTERM')).toBe(0);
  expect(outcomes(service, id)).toEqual(['done']);
  await comeBack();
  expect(seen(service, id).map(({ what }) => what)).toEqual(['start', 'end']);
});

test('SIGTERM gives back what does not finish, uncounted, whether it heeds its signal or not', async () => {
  const { kill } = await start();
  const ids = [await tell(service, 'jobs', 'hang', 'ok'), await tell(service, 'jobs', 'obey', 'ok')];
  for (const id of ids) await untilStarted(id);
  expect(await kill('SIGTERM')).toBe(0);
  for (const id of ids) {
    expect(outcomes(service, id)).toEqual(['later']);
    expect(workOf(service, id)).toEqual([{ handler: 'jobs/work', state: 'pending', attempts: 0 }]);
    expect(seen(service, id).map(({ what }) => what)).toEqual(['start', 'abort']);
  }
  await comeBack();
  for (const id of ids) {
    await untilOutcome(service, id, 'done');
    expect(tries(service, id).map(({ attempt }) => attempt)).toEqual([1, 1]);
  }
});

test('SIGTERM ends the service even while a handler never yields', async () => {
  const { kill } = await start();
  const id = await tell(service, 'jobs', 'block', 'ok');
  await untilStarted(id);
  expect(await kill('SIGTERM')).toBe(0);
  await comeBack();
  await untilOutcome(service, id, 'done');
  expect(workOf(service, id)).toEqual([]);
});

test('a handler that was taken out because its events end the process holds up no other', async () => {
  let { kill } = await start();
  const id = await tell(service, 'pair', 'hang');
  for (const attempt of [1, 2]) {
    await waitFor(
      () => seen(service, id).some((one) => one.handler === 'pair/two' && one.attempt === attempt),
      20_000,
      () => service.output(),
    );
    await kill('SIGKILL');
    if (attempt === 1) ({ kill } = await start());
  }
  await comeBack(FEWER);
  const other = await tell(service, 'pair', 'ok');
  await untilOutcome(service, other, 'done');
  expect(workOf(service, other)).toEqual([]);
  expect(workOf(service, id).map(({ handler }) => handler)).toContain('pair/two');
});

test('work for a handler that is not wired any more waits until it is again', async () => {
  const { kill } = await start();
  const id = await tell(service, 'pair', 'obey', 'ok');
  await waitFor(
    () => seen(service, id).length === 2,
    20_000,
    () => service.output(),
  );
  await kill('SIGKILL');

  await comeBack(FEWER);
  await untilOutcome(service, id, 'done');
  const later = await tell(service, 'pair', 'ok');
  await untilOutcome(service, later, 'done');
  expect(workOf(service, id)).toMatchObject([{ handler: 'pair/two', state: 'pending' }]);
  expect(
    seen(service, id).filter(({ handler, what }) => handler === 'pair/two' && what === 'start'),
  ).toHaveLength(1);
  await service.stop();

  await comeBack();
  await waitFor(
    () => workOf(service, id).length === 0,
    20_000,
    () => JSON.stringify(workOf(service, id)),
  );
  expect(outcomes(service, id).filter((outcome) => outcome === 'done')).toHaveLength(2);
  expect(workOf(service, later)).toEqual([]);
});
