/** Part of contract.ts: handlers that want the newest state of each thing only. */
import { expect, test } from 'vitest';
import type { Settlement } from '../../src/inbox/contract.ts';
import { waitFor } from '../harness/waiting.ts';
import { arrival, aWhile, Hands, type MakeDriver, numberOf, openForEach, SOURCES } from './driver.ts';

export function newestContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  let last = 0;
  const tell = async (at: unknown, number: unknown = 'N1', carrier: unknown = 'usps', recorded?: string) => {
    const body = JSON.stringify({ id: `s${++last}`, carrier, number, at, recorded });
    return (await opened.inbox.keep(arrival('parcels', body))).id;
  };
  const states = (id: string) =>
    opened.driver
      .rows()
      .work.filter((row) => row.id === id)
      .map(({ state }) => state);
  const fate = (id: string) =>
    opened.driver
      .rows()
      .attempts.filter((row) => row.id === id)
      .map(({ outcome, error }) => `${outcome} ${error ?? ''}`.trim());
  const settleAt = (index: number, state: Settlement['state'], more: Partial<Settlement> = {}) =>
    opened.hands.settle(opened.hands.got[index] as (typeof opened.hands.got)[number], state, more);
  const until = (look: () => boolean) =>
    waitFor(look, 20_000, () => JSON.stringify([opened.driver.rows(), opened.hands.got.map(({ id }) => id)]));

  test('an older state that comes late is discarded', async () => {
    opened.hands.grant({ 'parcels/a': 5 });
    const delivered = await tell('2026-11-22T13:03:00Z');
    const late = await tell('2026-11-21T15:33:00Z');
    expect(fate(late)).toEqual([`discarded overtaken: ${delivered} has a newer state`]);
    expect(states(late)).toEqual([]);
    await opened.hands.take(1);
    await aWhile();
    expect(opened.hands.got.map(({ id }) => id)).toEqual([delivered]);
  });

  test('it is discarded when the newer one is long done, and after a restart', async () => {
    opened.hands.grant({ 'parcels/a': 5 });
    const delivered = await tell('2026-11-22T13:03:00Z');
    await opened.hands.take(1);
    settleAt(0, 'done');
    await until(() => states(delivered).length === 0);
    await opened.inbox.close();
    opened.inbox = await opened.driver.open(SOURCES);
    opened.hands = new Hands(opened.driver.work(opened.inbox));
    opened.hands.grant({ 'parcels/a': 5 });
    const late = await tell('2026-11-22T13:02:59Z');
    expect(fate(late)).toEqual([`discarded overtaken: ${delivered} has a newer state`]);
    await aWhile();
    expect(opened.hands.got).toEqual([]);
  });

  test('of what waits only the newest is handed out', async () => {
    const ids = [await tell('2026-11-20'), await tell('2026-11-22'), await tell('2026-11-21')];
    opened.hands.grant({ 'parcels/a': 5 });
    await opened.hands.take(1);
    await aWhile();
    expect(opened.hands.got.map(({ id }) => id)).toEqual([ids[1]]);
    expect(fate(ids[0] as string)).toEqual([`discarded overtaken: ${ids[1]} has a newer state`]);
    expect(fate(ids[2] as string)).toEqual([`discarded overtaken: ${ids[1]} has a newer state`]);
  });

  test('a newer state waits until the older one has been handled', async () => {
    opened.hands.grant({ 'parcels/a': 5 });
    const first = await tell(1_763_800_000);
    await opened.hands.take(1);
    const second = await tell(1_763_800_060);
    const third = await tell(1_763_800_120);
    await aWhile();
    expect(opened.hands.got).toHaveLength(1);
    expect(states(first)).toEqual(['handling']);
    expect(states(third)).toEqual(['pending']);
    expect(fate(second)).toEqual([`discarded overtaken: ${third} has a newer state`]);
    settleAt(0, 'done');
    expect((await opened.hands.take(2)).id).toBe(third);
  });

  test.each(['pending', 'dead'] as const)(
    'an attempt that ends %s is not repeated once there is a newer state',
    async (state) => {
      opened.hands.grant({ 'parcels/a': 5 });
      const first = await tell('2026-11-20T00:00:00Z');
      await opened.hands.take(1);
      const second = await tell('2026-11-21T00:00:00Z');
      settleAt(0, state, { due: 0, error: 'Error: down' });
      expect((await opened.hands.take(2)).id).toBe(second);
      expect(fate(first)).toEqual([`discarded Error: down; overtaken: ${second} has a newer state`]);
      expect(states(first)).toEqual([]);
    },
  );

  test('a failed attempt at the newest state is repeated', async () => {
    opened.hands.grant({ 'parcels/a': 5 });
    const id = await tell('2026-11-20T00:00:00Z');
    await opened.hands.take(1);
    settleAt(0, 'pending', { due: 0, error: 'Error: down' });
    expect(await opened.hands.take(2)).toMatchObject({ id, attempt: 2 });
  });

  test('a dead one gives way to a newer state', async () => {
    opened.hands.grant({ 'parcels/a': 5 });
    const first = await tell('2026-11-20T00:00:00Z');
    await opened.hands.take(1);
    settleAt(0, 'dead', { error: 'Error: down' });
    await until(() => states(first)[0] === 'dead');
    const second = await tell('2026-11-21T00:00:00Z');
    expect((await opened.hands.take(2)).id).toBe(second);
    expect(states(first)).toEqual([]);
  });

  test('other numbers and other carriers are other things, whatever the order', async () => {
    opened.hands.grant({ 'parcels/a': 9 });
    await tell('2026-11-22', 'N1');
    await tell('2026-11-21', 'N2');
    await tell('2026-11-20', 'N1', 'ups');
    await tell('2026-11-19', 1);
    await tell('2026-11-18', 12345678901234567000);
    await opened.hands.take(5);
  });

  test('a number that is used again months later is a newer state', async () => {
    opened.hands.grant({ 'parcels/a': 9 });
    await tell('2026-05-01T10:00:00Z');
    await opened.hands.take(1);
    settleAt(0, 'done');
    const again = await tell('2026-11-01T10:00:00Z');
    expect((await opened.hands.take(2)).id).toBe(again);
  });

  test.each([
    ['no time', undefined, 'N1'],
    ['a time that is none', 'soon', 'N1'],
    ['no number', '2026-11-20', null],
    ['an empty number', '2026-11-20', ''],
    ['a number that is an object', '2026-11-20', {}],
  ])('an event with %s is handled for itself', async (_name, at, number) => {
    opened.hands.grant({ 'parcels/a': 9 });
    await tell('2026-11-22', 'N1');
    const odd = await tell(at, number);
    await opened.hands.take(2);
    expect(states(odd)).toEqual(['handling']);
  });

  test('of two states of the same time the one that came later counts', async () => {
    const first = await tell('2026-11-22T10:00:00.000+01:00');
    const second = await tell('2026-11-22T09:00:00Z');
    expect(fate(first)).toEqual([`discarded overtaken: ${second} has a newer state`]);
    expect(states(second)).toEqual(['pending']);
  });

  test('of two states of the same time the one that was recorded later counts, whenever it comes', async () => {
    const told = (recorded?: string) => tell('2026-11-22T12:00:00Z', 'N1', 'usps', recorded);
    const second = await told('2026-11-22T14:00:00Z');
    const first = await told('2026-11-22T13:00:00Z');
    const silent = await told();
    for (const late of [first, silent])
      expect(fate(late)).toEqual([`discarded overtaken: ${second} has a newer state`]);
    const third = await told('2026-11-22T15:00:00Z');
    expect(fate(second)).toEqual([`discarded overtaken: ${third} has a newer state`]);
    expect(states(third)).toEqual(['pending']);
    // The time itself comes first.
    const newer = await tell('2026-11-22T12:00:01Z');
    expect(fate(third)).toEqual([`discarded overtaken: ${newer} has a newer state`]);
  });

  test('a replay of an overtaken state changes nothing, one of the newest does', async () => {
    const newest = await tell('2026-11-22');
    const older = await tell('2026-11-21');
    opened.hands.grant({ 'parcels/a': 5 });
    await opened.hands.take(1);
    settleAt(0, 'done');
    await until(() => states(newest).length === 0);
    expect(await opened.inbox.order({ action: 'replay', event: numberOf(older) })).toBe(0);
    expect(states(older)).toEqual([]);
    expect(await opened.inbox.order({ action: 'replay', event: numberOf(newest) })).toBe(1);
    expect((await opened.hands.take(2)).id).toBe(newest);
  });

  test('after a crash of the handlers’ thread the newest state is still the only one', async () => {
    opened.hands.grant({ 'parcels/a': 5 });
    const first = await tell('2026-11-20');
    await opened.hands.take(1);
    const second = await tell('2026-11-21');
    const [interrupted] = await opened.inbox.recover({ ended: 'handlers', reason: 'its thread ended' });
    expect(interrupted?.id).toBe(first);
    opened.hands = new Hands(opened.driver.work(opened.inbox));
    opened.hands.grant({ 'parcels/a': 5 });
    expect((await opened.hands.take(1)).id).toBe(second);
    expect(states(first)).toEqual([]);
  });

  test('what waited behind is freed if the handler is latest no more', async () => {
    opened.hands.grant({ 'parcels/a': 5 });
    const first = await tell('2026-11-20');
    await opened.hands.take(1);
    const second = await tell('2026-11-21');
    await opened.inbox.close();
    const parcels = SOURCES.get('parcels') as NonNullable<ReturnType<typeof SOURCES.get>>;
    const routes = parcels.routes.map(({ handler, target }) => ({ handler, target }));
    opened.inbox = await opened.driver.open(new Map([...SOURCES, ['parcels', { ...parcels, routes }]]));
    opened.hands = new Hands(opened.driver.work(opened.inbox));
    opened.hands.grant({ 'parcels/a': 5 });
    expect((await opened.hands.take(1)).id).toBe(second);
    expect(states(first)).toEqual(['handling']);
  });
}
