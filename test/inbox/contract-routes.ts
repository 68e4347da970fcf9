/** Part of contract.ts: which events a handler wants, and what it shares with others. */
import { expect, test } from 'vitest';
import type { Settlement } from '../../src/inbox/contract.ts';
import { waitFor } from '../harness/waiting.ts';
import { arrival, aWhile, CIRCUIT, eventually, fresh, type MakeDriver, openForEach } from './driver.ts';

export function routesContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  let last = 0;
  const keep = async (source: string, type: unknown = 'contract') =>
    (await opened.inbox.keep(arrival(source, JSON.stringify({ id: `r${++last}`, type })))).id;
  const handlersOf = (id: string) =>
    opened.driver
      .rows()
      .work.filter((row) => row.id === id)
      .map(({ handler }) => handler);
  const settleAt = (index: number, state: Settlement['state'], more: Partial<Settlement> = {}) =>
    opened.hands.settle(opened.hands.got[index] as (typeof opened.hands.got)[number], state, more);

  test.each([
    ['/shipment_leg#arrived', true],
    ['/shipment_leg#', true],
    ['/shipment_leg', false],
    ['x/shipment_leg#arrived', false],
    ['exact', true],
    ['exactly', false],
    [null, false],
    [7, false],
  ])('a type of %j is wanted by the filter: %j', async (type, wanted) => {
    const id = await keep('picky', type);
    expect(handlersOf(id)).toEqual(wanted ? ['picky/all', 'picky/legs'] : ['picky/all']);
  });

  test('a replay goes by the filter too, unless it names the handler', async () => {
    const id = await keep('picky', 'other');
    const event = Number.parseInt(id.slice(4), 16);
    opened.hands.grant({ 'picky/all': 1, 'picky/legs': 1 });
    await opened.hands.take(1);
    settleAt(0, 'done');
    await waitFor(
      () => opened.driver.rows().work.length === 0,
      20_000,
      () => 'still there',
    );
    expect(await opened.inbox.order({ action: 'replay', event })).toBe(1);
    expect((await opened.hands.take(2)).handler).toBe('picky/all');
    expect(await opened.inbox.order({ action: 'replay', event, handler: 'picky/legs' })).toBe(1);
    expect((await opened.hands.take(3)).handler).toBe('picky/legs');
  });

  test('a held event waits for the handlers that want its type', async () => {
    await opened.inbox.keep(arrival('picky', '{"id":"same","type":"exact"}'));
    const { id, outcome } = await opened.inbox.keep(arrival('picky', '{"id":"same","type":"other"}'));
    expect(outcome).toBe('held');
    expect(handlersOf(id)).toEqual(['picky/all']);
  });

  test('handlers of one target share its slots, and none starves the other', async () => {
    for (let count = 0; count < 6; count++) {
      await keep('left');
      await keep('right');
    }
    opened.hands.grant({ shared: 2 });
    await opened.hands.take(2);
    await aWhile();
    expect(opened.hands.got).toHaveLength(2);
    for (let done = 0; done < 10; done++) {
      settleAt(done, 'done');
      await opened.hands.take(done + 3);
    }
    const early = opened.hands.got.slice(0, 8).map(({ handler }) => handler);
    expect(new Set(early)).toEqual(new Set(['left/a', 'right/a']));
    expect(early.filter((handler) => handler === 'left/a').length).toBeGreaterThanOrEqual(2);
    expect(early.filter((handler) => handler === 'right/a').length).toBeGreaterThanOrEqual(2);
  });

  test('a rate spreads deliveries, however many slots are free', async () => {
    const before = performance.now();
    opened.hands.grant({ 'slow/a': 100 });
    for (let count = 0; count < 12; count++) await keep('slow');
    await opened.hands.take(12);
    // The first two at once, then one every 50 ms; the machine may be slower, never faster.
    expect(performance.now() - before).toBeGreaterThan(450);
  });

  test('a target that rests gets nothing, then one delivery to try it, then all', async () => {
    opened.hands.grant({ 'one/a': 10 });
    const one = () => opened.inbox.keep(arrival('one', fresh()));
    await one();
    await opened.hands.take(1);
    const before = performance.now();
    settleAt(0, 'pending', { due: Date.now() + 60_000, unavailable: { restMs: 1_500 } });
    await waitFor(
      () => opened.driver.rows().work.every(({ state }) => state === 'pending'),
      20_000,
      () => 'not settled',
    );
    for (let count = 0; count < 5; count++) await one();
    await opened.hands.take(2);
    expect((await opened.inbox.status()).resting).toEqual(['one/a']);
    // The machine may be slower, never faster.
    expect(performance.now() - before).toBeGreaterThan(1_450);
    await aWhile();
    expect(opened.hands.got).toHaveLength(2);
    settleAt(1, 'done');
    await opened.hands.take(6);
    expect((await opened.inbox.status()).resting).toEqual([]);
  });

  test('a target that fails its trial rests again', async () => {
    opened.hands.grant({ 'one/a': 10 });
    for (let count = 0; count < 3; count++) await opened.inbox.keep(arrival('one', fresh()));
    await opened.hands.take(3);
    settleAt(0, 'pending', { due: 0, unavailable: { restMs: 200 } });
    settleAt(1, 'pending', { due: 0, unavailable: { restMs: 200 } });
    settleAt(2, 'pending', { due: 0, unavailable: { restMs: 200 } });
    await opened.hands.take(4);
    settleAt(3, 'pending', { due: 0, unavailable: { restMs: 200 } });
    await opened.hands.take(5);
    await aWhile();
    expect(opened.hands.got).toHaveLength(5);
    expect((await opened.inbox.status()).resting).toEqual(['one/a']);
  });

  test('failures in a row make a target rest, and one that names no time counts towards them', async () => {
    opened.hands.grant({ 'one/a': 10 });
    const resting = async () => (await opened.inbox.status()).resting;
    const fail = async (index: number) => {
      await opened.inbox.keep(arrival('one', fresh()));
      await opened.hands.take(index + 1);
      settleAt(index, 'pending', { due: Date.now() + 60_000, unavailable: {} });
    };
    for (const index of [0, 1]) await fail(index);
    expect(await resting()).toEqual([]);
    // A success in between: the row begins anew.
    await opened.inbox.keep(arrival('one', fresh()));
    await opened.hands.take(3);
    settleAt(2, 'done');
    for (const index of [3, 4]) await fail(index);
    await aWhile();
    expect(await resting()).toEqual([]);
    await fail(5);
    await eventually(async () => (await resting()).length === 1);
    await opened.inbox.keep(arrival('one', fresh()));
    expect((await opened.hands.take(7)).attempt).toBe(1);
    settleAt(6, 'done');
    await eventually(async () => (await resting()).length === 0);
  });

  test('a failed attempt without a word on the target says nothing about it', async () => {
    opened.hands.grant({ 'one/a': 10 });
    for (let index = 0; index < CIRCUIT.failures + 1; index++) {
      await opened.inbox.keep(arrival('one', fresh()));
      await opened.hands.take(index + 1);
      settleAt(index, 'pending', { due: Date.now() + 60_000 });
    }
    await aWhile();
    expect((await opened.inbox.status()).resting).toEqual([]);
  });

  test('what must run alone does not wait for a rest', async () => {
    opened.hands.grant({ 'one/a': 2 });
    await opened.inbox.keep(arrival('one', fresh()));
    await opened.hands.take(1);
    settleAt(0, 'pending', { due: 0, unavailable: { restMs: 60_000 }, alone: true });
    expect((await opened.hands.take(2)).attempt).toBe(2);
  });
}
