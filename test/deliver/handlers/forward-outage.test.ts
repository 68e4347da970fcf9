/** Targets that are slow, broken, flooding or down, and how many events are with one at a time. */
import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recorded, untilRecorded } from '../../fixtures/command/run.ts';
import { startForwarding, tell } from '../../fixtures/forward/run.ts';
import { numberOf, workOf } from '../../harness/deliver.ts';
import { HURRIED, type Service } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';
import { startTarget, type Target, type Told } from './target.ts';

let target: Target;
let service: Service;
beforeAll(async () => {
  target = await startTarget();
  service = await startForwarding(target);
});
afterAll(async () => {
  await service.stop();
  await target.down();
});

/** How many are with a target at a time, by default. */
const CONCURRENCY = 8;

const host = () => `127.0.0.1:${target.port}`;
const range = (count: number) => Array.from({ length: count }, (_, at) => at);

test.each<[NonNullable<Told['does']>, RegExp]>([
  ['hang', /within 1000 ms$/],
  ['hint for ever', /within 1000 ms$/],
  ['say garbage', /: Expected HTTP\//],
  ['switch protocols', /: it closed the connection$/],
])('a target that does nothing but %s is tried again', async (does, cause) => {
  const id = await tell(service, 'plain', { does }, { status: 200 });
  await untilRecorded(service, id, 'done');
  const [first, second] = recorded(service, id);
  expect(first).toMatchObject({ attempt: 1, outcome: 'retry', status: null, output: null });
  expect(first?.error).toMatch(new RegExp(`^Unavailable: no answer from ${host()}`));
  expect(first?.error).toMatch(cause);
  expect(second).toMatchObject({ attempt: 2, outcome: 'done' });
});

test('a target that resets connections is tried again', async () => {
  // A connection that was kept may have been closed by chance, so the first reset may be followed by a second request.
  const id = await tell(service, 'plain', { does: 'reset' }, { does: 'reset' }, { status: 200 });
  await untilRecorded(service, id, 'done');
  expect(recorded(service, id)[0]?.error).toMatch(/: (read ECONNRESET|socket hang up)$/);
  expect(target.callsOf(id)).toHaveLength(3);
});

test('a target may take its time', async () => {
  const id = await tell(service, 'plain', { afterMs: 600 });
  await untilRecorded(service, id, 'done');
  expect(recorded(service, id)).toHaveLength(1);
});

test.each<[NonNullable<Told['does']>]>([['answer, then hang'], ['answer, then break off']])(
  'once the status is there it decides: %s',
  async (does) => {
    const id = await tell(service, 'plain', { does });
    await untilRecorded(service, id, 'done');
    expect(recorded(service, id)).toMatchObject([
      { attempt: 1, outcome: 'done', status: '200', output: 'begun' },
    ]);
  },
);

function residentMb(): number {
  const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1_024;
}

test('answers without an end are cut off, whatever they have come to', async () => {
  const before = residentMb();
  const ids = await Promise.all(range(20).map(() => tell(service, 'plain', { does: 'stream for ever' })));
  for (const id of ids) {
    const { output } = await untilRecorded(service, id, 'done');
    expect(output).toMatch(/^x{1000}…$/);
  }
  expect(residentMb() - before).toBeLessThan(150);
});

test('connections are used again', async () => {
  await untilRecorded(service, await tell(service, 'plain'), 'done');
  const before = target.connections();
  for (const _ of range(10)) await untilRecorded(service, await tell(service, 'plain'), 'done');
  expect(target.connections()).toBe(before);
});

test('no more than the concurrency are with a target, whichever source they are from', async () => {
  const ids = await Promise.all(
    range(20).map((at) => tell(service, at % 2 === 0 ? 'one' : 'other', { afterMs: 50 })),
  );
  for (const id of ids) await untilRecorded(service, id, 'done');
  expect(target.most('/narrow')).toBe(2);
});

test('no more than the rate begin in a second', async () => {
  const begun = Date.now();
  const ids = await Promise.all(range(15).map(() => tell(service, 'paced')));
  for (const id of ids) await untilRecorded(service, id, 'done');
  // Evenly spread, 15 take 1.4 s. The time begins before the first was sent: a busy machine only makes it longer.
  expect(Math.max(...ids.map((id) => target.callsOf(id)[0]?.at ?? 0)) - begun).toBeGreaterThan(1_300);
});

describe('a target that is down', () => {
  const attempts = (ids: readonly string[]) => ids.flatMap((id) => recorded(service, id));

  test('is left in peace, and gets everything when it is back', async () => {
    await target.down();
    const ids = await Promise.all(range(30).map(() => tell(service, 'outage')));
    await service.line((line) => line.handler === 'outage/orders' && /takes nothing/.test(String(line.msg)));
    const [first] = attempts(ids);
    expect(first).toMatchObject({ outcome: 'retry', status: null });
    expect(first?.error).toBe(`Unavailable: no answer from ${host()}: connect ECONNREFUSED ${host()}`);
    // Once all that were out have come back, five that only tried it.
    const enough = attempts(ids).length + CONCURRENCY + 5;
    await waitFor(() => attempts(ids).length >= enough, 30_000, service.output);
    const begun = service.sql<{ at: number }>(
      "SELECT started_at AS at FROM attempts WHERE handler = 'outage/orders' ORDER BY at DESC LIMIT 5",
    );
    // Between one and the next it rests: the second time for half of twice the first rest, at least.
    for (const [nth, { at }] of begun.slice(1).entries())
      expect((begun[nth]?.at ?? 0) - at).toBeGreaterThanOrEqual(HURRIED.circuit.restMs);
    await target.up();
    for (const id of ids) await untilRecorded(service, id, 'done');
    await service.line((line) => /takes events again/.test(String(line.msg)));
    expect(ids.flatMap((id) => workOf(service, id))).toEqual([]);
    for (const id of ids) expect(target.callsOf(id)).toHaveLength(1);
  });
});

test('an attempt that the stopping service cuts off is not counted', async () => {
  const other = await startForwarding(target);
  const id = await tell(other, 'unsigned', { does: 'hang' });
  await waitFor(
    () => target.callsOf(id).length > 0,
    20_000,
    () => other.output(),
  );
  expect(await other.kill('SIGTERM')).toBe(0);
  expect(other.sql('SELECT state, attempts FROM work WHERE event = ?', numberOf(id))).toEqual([
    { state: 'pending', attempts: 0 },
  ]);
  rmSync(other.folder, { recursive: true });
});
