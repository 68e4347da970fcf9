/** Part of contract.ts: slots, deliveries, settlements. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Delivery, Inbox } from '../../src/inbox-contract.ts';
import { waitFor } from '../service.ts';
import { arrival, aWhile, type Driver, fresh, Hands, numberOf, SOURCES, settlement } from './driver.ts';

export function workContract(makeDriver: () => Driver): void {
  let driver: Driver;
  let inbox: Inbox;
  let hands: Hands;
  beforeEach(async () => {
    driver = makeDriver();
    inbox = await driver.open(SOURCES);
    hands = new Hands(driver.work(inbox));
  });
  afterEach(async () => {
    await inbox.close();
    driver.clear();
  });

  const keep = async (source = 'one') => (await inbox.keep(arrival(source, fresh()))).id;
  const states = (id: string) =>
    driver
      .rows()
      .work.filter((row) => row.id === id)
      .map(({ state }) => state);
  const until = (look: () => boolean) =>
    waitFor(look, 5_000, () => JSON.stringify([driver.rows(), hands.got.length]));

  test('each handler of the source gets the event, with all that belongs to it', async () => {
    hands.grant({ 'two/a': 1, 'two/b': 1 });
    const body = ' {"id":7,"type":"t"} ';
    const receivedAt = Date.now();
    const { id } = await inbox.keep(arrival('two', body, receivedAt));
    await hands.take(2);
    const expected = (handler: string): Delivery => ({
      event: numberOf(id),
      id,
      handler,
      attempt: 1,
      type: 't',
      externalId: '7',
      receivedAt,
      headers: '{"x-test":"yes"}',
      body: Buffer.from(body),
    });
    const byHandler = hands.got.toSorted((one, other) => one.handler.localeCompare(other.handler));
    expect(byHandler).toEqual([expected('two/a'), expected('two/b')]);
    expect(states(id)).toEqual(['handling', 'handling']);
  });

  test('what came before the slots did is handed out oldest first', async () => {
    const ids = [await keep(), await keep(), await keep()];
    hands.grant({ 'one/a': 3 });
    await hands.take(3);
    expect(hands.got.map(({ id }) => id)).toEqual(ids);
  });

  test('no more is out than slots were granted, and a settlement gives its slot back', async () => {
    hands.grant({ 'one/a': 2 });
    for (let count = 0; count < 6; count++) await keep();
    await aWhile();
    expect(hands.got).toHaveLength(2);
    hands.settle(hands.got[0] as Delivery, 'done');
    await hands.take(3);
    await aWhile();
    expect(hands.got).toHaveLength(3);
    hands.grant({ 'one/a': 1 });
    await hands.take(4);
    await aWhile();
    expect(hands.got).toHaveLength(4);
    expect(driver.rows().work.filter(({ state }) => state === 'handling')).toHaveLength(3);
  });

  test('a handler without slots does not hold up another', async () => {
    hands.grant({ 'two/b': 1 });
    const id = await keep('two');
    expect(await hands.take(1)).toMatchObject({ id, handler: 'two/b' });
    await aWhile();
    expect(hands.got).toHaveLength(1);
    expect(states(id)).toEqual(['pending', 'handling']);
  });

  test('held events are handed to nobody', async () => {
    hands.grant({ 'one/a': 5 });
    const { id } = await inbox.keep(arrival('one', 'not json'));
    await aWhile();
    expect(hands.got).toEqual([]);
    expect(states(id)).toEqual(['held']);
  });

  test('done and discarded leave a record and nothing to do; dead waits', async () => {
    hands.grant({ 'one/a': 3 });
    const ids = [await keep(), await keep(), await keep()];
    await hands.take(3);
    for (const [at, state] of (['done', 'discarded', 'dead'] as const).entries()) {
      hands.settle(hands.got[at] as Delivery, state);
    }
    await until(() => driver.rows().attempts.length === 3);
    expect(ids.map(states)).toEqual([[], [], ['dead']]);
    expect(driver.rows().attempts.map(({ id, outcome }) => [id, outcome])).toEqual([
      [ids[0], 'done'],
      [ids[1], 'discarded'],
      [ids[2], 'dead'],
    ]);
  });

  test('what is to be retried comes when it is due, not before, as the next attempt', async () => {
    hands.grant({ 'one/a': 1 });
    const id = await keep();
    const due = Date.now() + 400;
    hands.settle(await hands.take(1), 'pending', { due });
    await until(() => states(id)[0] === 'pending');
    expect(hands.got).toHaveLength(1);
    expect(await hands.take(2)).toMatchObject({ id, attempt: 2 });
    expect(Date.now()).toBeGreaterThanOrEqual(due);
  });

  test('what waits for its time does not hold up what is new', async () => {
    hands.grant({ 'one/a': 1 });
    await keep();
    hands.settle(await hands.take(1), 'pending', { due: Date.now() + 3_600_000 });
    const id = await keep();
    expect(await hands.take(2)).toMatchObject({ id, attempt: 1 });
  });

  test('an attempt that does not count comes again under the same number', async () => {
    hands.grant({ 'one/a': 1 });
    const id = await keep();
    for (const round of [1, 2, 3]) hands.settle(await hands.take(round), 'pending', { counted: false });
    expect(await hands.take(4)).toMatchObject({ id, attempt: 1 });
  });

  test('a settlement of an attempt that is over, or of something never handed out, changes nothing', async () => {
    hands.grant({ 'one/a': 1 });
    const id = await keep();
    const waiting = await keep();
    const first = await hands.take(1);
    hands.settle(first, 'pending');
    // Both are due now; whichever came second waits for the slot.
    const second = await hands.take(2);
    hands.settle({ ...second, attempt: second.attempt + 1 }, 'done');
    hands.settle({ ...second, attempt: second.attempt - 1 }, 'dead');
    hands.settle({ ...second, handler: 'one/b' }, 'done');
    hands.settle({ ...second, event: 12 }, 'done');
    hands.settle({ ...second, event: numberOf(second.id === id ? waiting : id) }, 'done');
    await aWhile();
    expect(hands.got).toHaveLength(2);
    expect([...states(id), ...states(waiting)].sort()).toEqual(['handling', 'pending']);
    expect(driver.rows().attempts.map(({ outcome }) => outcome)).toEqual(['retry']);
  });

  test('the same settlement twice counts once', async () => {
    hands.grant({ 'one/a': 1 });
    for (let count = 0; count < 3; count++) await keep();
    const first = await hands.take(1);
    hands.settle(first, 'done');
    hands.settle(first, 'done');
    await hands.take(2);
    await aWhile();
    expect(hands.got).toHaveLength(2);
    expect(driver.rows().attempts).toHaveLength(1);
  });

  test('what must run alone waits for the others, and they wait for it', async () => {
    hands.grant({ 'one/a': 2, 'two/a': 2, 'two/b': 2 });
    const suspect = await keep();
    const other = await keep();
    await hands.take(2);
    hands.settle(hands.got[0] as Delivery, 'pending', { alone: true });
    await until(() => states(suspect)[0] === 'pending');
    const later = await keep('two');
    await aWhile();
    expect(hands.got.map(({ id }) => id)).toEqual([suspect, other]);
    hands.settle(hands.got[1] as Delivery, 'done');
    expect(await hands.take(3)).toMatchObject({ id: suspect, attempt: 2 });
    await keep();
    await aWhile();
    expect(hands.got).toHaveLength(3);
    hands.settle(hands.got[2] as Delivery, 'done');
    await hands.take(6);
    expect(states(later)).toEqual(['handling', 'handling']);
  });

  test('recovering names what was being handled, and hands nothing out before new slots come', async () => {
    hands.grant({ 'one/a': 2 });
    const ids = [await keep(), await keep(), await keep()];
    await hands.take(2);
    const left = await inbox.recover();
    expect(left.map(({ event }) => event).sort()).toEqual(ids.slice(0, 2).map(numberOf));
    expect(left.every(({ handler, attempt }) => handler === 'one/a' && attempt === 1)).toBe(true);
    inbox.settle(left.map((one) => ({ ...one, ...settlement('pending'), counted: false })));
    await keep();
    await aWhile();
    expect(hands.got).toHaveLength(2);
    const next = new Hands(driver.work(inbox));
    next.grant({ 'one/a': 9 });
    await next.take(4);
    expect(next.got.slice(0, 3).map(({ id }) => id)).toEqual(ids);
    expect(next.got.every(({ attempt }) => attempt === 1)).toBe(true);
    expect(await inbox.recover()).toHaveLength(4);
  });

  test('what must run alone but has no handler any more holds nobody up', async () => {
    hands.grant({ 'one/a': 1 });
    await keep();
    await hands.take(1);
    await inbox.close();
    inbox = await driver.open(new Map([...SOURCES].filter(([name]) => name !== 'one')));
    hands = new Hands(driver.work(inbox));
    const left = await inbox.recover();
    inbox.settle(left.map((one) => ({ ...one, ...settlement('pending'), alone: true })));
    hands.grant({ 'two/a': 1, 'two/b': 1 });
    const id = await keep('two');
    await hands.take(2);
    expect(states(id)).toEqual(['handling', 'handling']);
    expect(driver.rows().work.filter(({ handler }) => handler === 'one/a')).toMatchObject([
      { state: 'pending', attempts: 1 },
    ]);
  });

  test('after opening again, what was being handled is still known', async () => {
    hands.grant({ 'one/a': 1 });
    const id = await keep();
    await hands.take(1);
    await inbox.close();
    inbox = await driver.open(SOURCES);
    expect(await inbox.recover()).toEqual([{ event: numberOf(id), id, handler: 'one/a', attempt: 1 }]);
    expect(states(id)).toEqual(['handling']);
  });

  test('a paused inbox hands nothing out but still takes arrivals and settlements', async () => {
    hands.grant({ 'one/a': 1 });
    const id = await keep();
    const delivery = await hands.take(1);
    await inbox.pause();
    const late = await keep();
    hands.settle(delivery, 'done');
    await until(() => states(id).length === 0);
    await aWhile();
    expect(hands.got).toHaveLength(1);
    expect(states(late)).toEqual(['pending']);
  });

  test('a settlement sent just before closing is on disk', async () => {
    hands.grant({ 'one/a': 1 });
    const id = await keep();
    hands.settle(await hands.take(1), 'done');
    await inbox.close();
    expect(states(id)).toEqual([]);
    expect(driver.rows().attempts).toMatchObject([{ id, outcome: 'done' }]);
    inbox = await driver.open(SOURCES);
  });
}
