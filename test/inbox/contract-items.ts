/** Part of contract.ts: events that are batches, whose items go to handlers one by one. */
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/inbox/contract.ts';
import { numberOf } from '../../src/inbox/event-id.ts';
import { ITEMS_MOST } from '../../src/inbox/items.ts';
import { PROCESS_ENDED } from '../../src/inbox/retry.ts';
import type { Selection } from '../../src/inbox/selection.ts';
import type { EventDetails } from '../../src/inbox/summary.ts';
import { arrival, aWhile, eventually, Hands, type MakeDriver, openForEach, SOURCES } from './driver.ts';

const EACH = 'lists/each';
const DAY_MS = 86_400_000;
const ODD =
  '{"list":[{"id":9007199254740993,"kind":"a","say":"\\u00fc]},{"},\n  {"id":"x",  "kind" : "b", "say":"ü" } ,7,[1,2]]}';

let marks = 0;
const listOf = (count: number, more = {}) =>
  JSON.stringify({
    mark: ++marks,
    list: Array.from({ length: count }, (_, at) => ({ id: `i${at}`, kind: 'k', ...more })),
  });

export function itemsContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  const keep = async (body: string, source = 'lists', at = Date.now()) =>
    (await opened.inbox.keep(arrival(source, body, at))).id;
  const placesOut = (handler = EACH) =>
    opened.hands.got.filter((one) => one.handler === handler).map(({ id }) => Number(id.split('-')[1]));
  const openOf = (handler: string) => opened.driver.rows().work.filter((row) => row.handler === handler);
  const ended = () => opened.driver.rows().attempts.length;
  const endsAre = (count: number) => eventually(async () => ended() >= count);
  const isSplit = (count: number) => eventually(async () => openOf(EACH).length === count);
  const show = async (id: string) => {
    const reader = await opened.driver.reader();
    const shown = (await reader?.show(numberOf(id) as number)) as EventDetails;
    await reader?.close();
    return shown;
  };
  const listed = async (selection: Selection) => {
    const reader = await opened.driver.reader();
    const page = await reader?.search(selection, SOURCES).page({ limit: 50 });
    await reader?.close();
    return page?.events.map(({ id }) => id);
  };
  const act = async (verb: 'replay' | 'discard', selection: Selection, found = 0) => {
    const { id } = await opened.inbox.startAction({ verb, selection, found, who: 'anna' });
    await eventually(async () => (await opened.inbox.actions(9)).every(({ state }) => state !== 'running'));
    return (await opened.inbox.actions(9)).find((one) => one.id === id);
  };

  test('each item comes by itself, byte for byte, under an id, a type and a name of its own; others get the whole', async () => {
    const id = await keep(ODD);
    opened.hands.grant({ [EACH]: 9, 'lists/whole': 1 });
    await opened.hands.take(5);
    const whole = opened.hands.got.find(({ handler }) => handler === 'lists/whole');
    expect(whole).toMatchObject({ id, event: numberOf(id), body: Buffer.from(ODD), type: null });
    expect(whole).not.toHaveProperty('batch');
    const items = opened.hands.got.filter(({ handler }) => handler === EACH);
    expect(items.map(({ body, ...item }) => [item.id, item.externalId, item.type, body.toString()])).toEqual([
      [`${id}-0`, '9007199254740993', 'a', '{"id":9007199254740993,"kind":"a","say":"\\u00fc]},{"}'],
      [`${id}-1`, 'x', 'b', '{"id":"x",  "kind" : "b", "say":"ü" }'],
      [`${id}-2`, null, null, '7'],
      [`${id}-3`, null, null, '[1,2]'],
    ]);
    for (const item of items) {
      expect(item).toMatchObject({ batch: numberOf(id), attempt: 1, headers: '{"x-test":"yes"}' });
      expect(item.event).toBe(numberOf(item.id));
    }
    expect(opened.driver.rows().events.map(({ body }) => body)).toEqual([ODD]);
  });

  test('one that fails is tried again, and the others are not; its death keeps nobody waiting', async () => {
    opened.hands.grant({ [EACH]: 1 });
    const id = await keep(listOf(4));
    opened.hands.settle(await opened.hands.take(1), 'done');
    opened.hands.settle(await opened.hands.take(2), 'pending', { due: Date.now() + 50, error: 'no' });
    opened.hands.settle(await opened.hands.take(3), 'dead', { error: 'broken' });
    for (const count of [4, 5]) opened.hands.settle(await opened.hands.take(count), 'done');
    expect(placesOut().toSorted()).toEqual([0, 1, 1, 2, 3]);
    expect(opened.hands.got.map(({ attempt }) => attempt).toSorted()).toEqual([1, 1, 1, 1, 2]);
    await endsAre(5);
    expect(openOf(EACH).map(({ state }) => state)).toEqual(['dead']);
    const { handlers, items } = await show(id);
    expect(handlers).toMatchObject([
      { handler: 'lists/whole', state: 'pending' },
      { handler: EACH, state: 'dead', items: { done: 3, dead: 1 } },
    ]);
    expect(items?.map((item) => [item.id, item.state, item.attempts])).toEqual([
      [`${id}-2`, 'dead', 1],
      [`${id}-0`, 'done', 1],
      [`${id}-1`, 'done', 2],
      [`${id}-3`, 'done', 1],
    ]);
    expect(items?.[0]?.error).toBe('broken');
    expect(await show(`${id}-2`)).toMatchObject({ id: `${id}-2`, place: 2, attempts: [{ error: 'broken' }] });
    expect(await listed({ state: 'dead' })).toEqual([id]);
    expect(await listed({ state: 'done', handler: EACH })).toEqual([id]);
  });

  test('an item is replayed or discarded by its id, and all of them by the id of the event', async () => {
    const id = await keep(listOf(3));
    await isSplit(3);
    const order = (action: 'replay' | 'discard', which: string) =>
      opened.inbox.order({ action, event: numberOf(which) as number, handler: EACH });
    expect(await order('discard', `${id}-1`)).toBe(1);
    expect((await show(id)).handlers).toMatchObject([{}, { items: { pending: 2, discarded: 1 } }]);
    expect(await order('replay', `${id}-1`)).toBe(1);
    opened.hands.grant({ [EACH]: 9 });
    await opened.hands.take(3);
    expect(placesOut().toSorted()).toEqual([0, 1, 2]);
    for (const one of opened.hands.got) opened.hands.settle(one, 'done');
    await endsAre(4);
    expect(await order('replay', id)).toBe(1);
    await opened.hands.take(6);
    expect(placesOut().toSorted()).toEqual([0, 0, 1, 1, 2, 2]);
    expect(opened.hands.got.at(-1)?.body.toString()).toContain('"kind":"k"');
    for (const one of opened.hands.got.slice(3)) opened.hands.settle(one, 'dead');
    await endsAre(7);
    expect(await order('discard', id)).toBe(1);
    expect(openOf(EACH)).toEqual([]);
    await expect(order('replay', `${id}-9`)).rejects.toThrow('no such event');
    await expect(
      opened.inbox.order({ action: 'replay', event: numberOf(`${id}-1`) as number, handler: 'lists/whole' }),
    ).rejects.toThrow('not one of its handlers');
  });

  test('selections reach items: what is dead, what is over, and all of one handler', async () => {
    opened.hands.grant({ [EACH]: 9 });
    const ids = [await keep(listOf(2)), await keep(listOf(2))];
    await opened.hands.take(4);
    for (const one of opened.hands.got)
      opened.hands.settle(one, one.id.endsWith('-0') ? 'dead' : 'done', { cause: 'c1' });
    await endsAre(4);
    expect(await act('replay', { state: 'dead', handler: EACH })).toMatchObject({ changed: 2, failed: 0 });
    await opened.hands.take(6);
    expect(placesOut().slice(4)).toEqual([0, 0]);
    for (const one of opened.hands.got.slice(4)) opened.hands.settle(one, 'dead', { cause: 'c1' });
    await endsAre(6);
    expect(await act('replay', { state: 'done', handler: EACH }, 2)).toMatchObject({ changed: 2 });
    await opened.hands.take(8);
    expect(placesOut().slice(6)).toEqual([1, 1]);
    expect(opened.hands.got.slice(6).map(({ body }) => body.toString())).toEqual(
      Array(2).fill('{"id":"i1","kind":"k"}'),
    );
    for (const one of opened.hands.got.slice(6)) opened.hands.settle(one, 'done');
    await endsAre(8);
    const reader = await opened.driver.reader();
    const { groups } = (await reader?.failures({})) ?? { groups: [] };
    await reader?.close();
    expect(groups).toMatchObject([{ handler: EACH, dead: 2, newest: [`${ids[1]}-0`, `${ids[0]}-0`] }]);
    expect(await listed({ cause: 'c1' })).toEqual(ids.toReversed());
    expect(await listed({ handler: EACH })).toEqual(ids.toReversed());
    expect(await act('discard', { state: 'dead', until: Date.now() + DAY_MS })).toMatchObject({ changed: 2 });
    expect(openOf(EACH)).toEqual([]);
  });

  test('only items of the wanted types are planned, and of one thing the newest state', async () => {
    const item = (thing: string, at: number, kind: string) => ({ thing, at: 1_700_000_000 + at, kind });
    const list = [
      item('a', 1, 'wanted.x'),
      item('a', 3, 'other'),
      item('b', 5, 'wanted'),
      item('a', 2, 'no'),
    ];
    const id = await keep(JSON.stringify(list), 'bare');
    await eventually(async () => openOf('bare/newest').length === 2 && openOf('bare/kinds').length === 2);
    opened.hands.grant({ 'bare/kinds': 9, 'bare/newest': 9 });
    await opened.hands.take(4);
    expect(placesOut('bare/kinds').toSorted()).toEqual([0, 2]);
    expect(placesOut('bare/newest').toSorted()).toEqual([1, 2]);
    const { handlers } = await show(id);
    expect(handlers).toMatchObject([{ items: { handling: 2 } }, { items: { handling: 2, discarded: 2 } }]);
  });

  test('without a list the handler gets the whole; of an empty one nothing; of too many they are held', async () => {
    opened.hands.grant({ [EACH]: 9 });
    const single = '{"list":{"id":"alone"}}';
    const id = await keep(single);
    expect(await opened.hands.take(1)).toMatchObject({ id, handler: EACH, body: Buffer.from(single) });
    const empty = await keep(listOf(0));
    const many = `{"list":[${'1,'.repeat(ITEMS_MOST)}1]}`;
    const kept = await opened.inbox.keep(arrival('lists', many));
    expect(kept).toMatchObject({
      outcome: 'held',
      reason: `it has ${ITEMS_MOST + 1} items, and ${ITEMS_MOST} are the most`,
    });
    await aWhile();
    expect(opened.hands.got).toHaveLength(1);
    expect(openOf(EACH).filter((row) => row.id === empty)).toEqual([]);
    expect(
      await opened.inbox.order({ action: 'replay', event: numberOf(kept.id) as number, handler: EACH }),
    ).toBe(1);
    expect(await opened.hands.take(2)).toMatchObject({ id: kept.id, body: Buffer.from(many) });
  });

  test('a large batch becomes rows step by step, in its order, while other events come and go', async () => {
    opened.hands.grant({ [EACH]: 300, 'one/a': 1 });
    const count = 3_000;
    const id = await keep(listOf(count, { pad: 'x'.repeat(60) }));
    const other = await keep('{"id":"beside","type":"t"}', 'one');
    await eventually(async () => opened.hands.got.some((one) => one.id === other));
    let settled = 0;
    const settleAll = () => {
      for (const one of opened.hands.got.slice(settled)) opened.hands.settle(one, 'done');
      settled = opened.hands.got.length;
      return settled;
    };
    await eventually(async () => settleAll() === count + 1, 60_000);
    const places = placesOut();
    expect(new Set(places).size).toBe(count);
    expect(opened.hands.got.every(({ body }) => body.length < 200)).toBe(true);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    await endsAre(count + 1);
    expect(openOf(EACH)).toEqual([]);
    expect((await show(id)).handlers).toMatchObject([{}, { items: { done: count } }]);
    // Numbers of events go on behind those of the items.
    const next = await keep('{"id":"next","type":"t"}', 'one');
    const last = numberOf(`${id}-${count - 1}`) as number;
    expect((numberOf(next) as number) > last || (numberOf(next) as number) < (numberOf(id) as number)).toBe(
      true,
    );
  });

  test('what was split, and what was not yet, is still there after a restart, and interrupted items come again', async () => {
    opened.hands.grant({ [EACH]: 2 });
    const id = await keep(listOf(600));
    await opened.hands.take(2);
    await opened.inbox.close();
    opened.inbox = await opened.driver.open(SOURCES);
    const interrupted = await opened.inbox.recover(PROCESS_ENDED);
    expect(interrupted.map((one) => one.id)).toEqual([`${id}-0`, `${id}-1`]);
    opened.hands = new Hands(opened.driver.work(opened.inbox));
    opened.hands.grant({ [EACH]: 1_000 });
    await opened.hands.take(600);
    expect(new Set(placesOut()).size).toBe(600);
    expect(opened.hands.got).toHaveLength(600);
  });

  test('a batch stays whole until its last item is over, and then goes with all of it', async () => {
    const daysAgo = (days: number) => Date.now() - days * DAY_MS;
    opened.hands.grant({ [EACH]: 9, 'lists/whole': 1 });
    const id = await keep(listOf(3), 'lists', daysAgo(40));
    await opened.hands.take(4);
    const [first, ...others] = opened.hands.got as [Delivery, ...Delivery[]];
    for (const one of others) opened.hands.settle(one, 'done');
    opened.hands.settle(first, 'dead');
    await endsAre(4);
    expect((await opened.inbox.purge(daysAgo(30), daysAgo(60))).removed).toBe(0);
    expect(ended()).toBe(4);
    await opened.inbox.order({ action: 'discard', event: first.event });
    expect((await opened.inbox.purge(daysAgo(30), daysAgo(60))).removed).toBe(1);
    expect(ended()).toBe(0);
    expect(
      await opened.inbox.order({ action: 'replay', event: numberOf(id) as number }).catch(String),
    ).toContain('purged');
  });

  test('the same body again is a duplicate, and its items with it', async () => {
    const body = listOf(2);
    const id = await keep(body);
    expect(await opened.inbox.keep(arrival('lists', body))).toEqual({ outcome: 'duplicate', id });
    await isSplit(2);
  });

  test('a handler that takes whole events by now gets what is left of a list as whole, and items that had rows as items', async () => {
    const id = await keep(listOf(3));
    await isSplit(3);
    await opened.inbox.close();
    const { items: _, ...route } = { ...SOURCES.get('lists')?.routes[0], handler: EACH, target: EACH };
    const plain = new Map(SOURCES).set('lists', { shape: { id: [], type: [] }, routes: [route] });
    opened.inbox = await opened.driver.open(plain);
    await opened.inbox.recover(PROCESS_ENDED);
    opened.hands = new Hands(opened.driver.work(opened.inbox));
    opened.hands.grant({ [EACH]: 9 });
    await opened.hands.take(3);
    expect(opened.hands.got.map((one) => [one.id, one.body.toString()])).toContainEqual([
      `${id}-1`,
      '{"id":"i1","kind":"k"}',
    ]);
  });
}
