/** Part of contract.ts: slots, deliveries, settlements. */
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/inbox/contract.ts';
import { type Ending, PROCESS_ENDED } from '../../src/inbox/retry.ts';
import { waitFor } from '../harness/waiting.ts';
import { arrival, aWhile, fresh, Hands, type MakeDriver, numberOf, openForEach, SOURCES } from './driver.ts';

const INBOX_ENDED: Ending = { ended: 'inbox', reason: 'the inbox thread was lost' };

export function workContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  const keep = async (source = 'one') => (await opened.inbox.keep(arrival(source, fresh()))).id;
  const states = (id: string) =>
    opened.driver
      .rows()
      .work.filter((row) => row.id === id)
      .map(({ state }) => state);
  const until = (look: () => boolean) =>
    waitFor(look, 20_000, () => JSON.stringify([opened.driver.rows(), opened.hands.got.length]));

  test('each handler of the source gets the event, with all that belongs to it', async () => {
    opened.hands.grant({ 'two/a': 1, 'two/b': 1 });
    const body = ' {"id":7,"type":"t"} ';
    const receivedAt = Date.now();
    const { id } = await opened.inbox.keep(arrival('two', body, receivedAt));
    await opened.hands.take(2);
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
    const byHandler = opened.hands.got.toSorted((one, other) => one.handler.localeCompare(other.handler));
    expect(byHandler).toEqual([expected('two/a'), expected('two/b')]);
    expect(states(id)).toEqual(['handling', 'handling']);
  });

  test('what came before the slots did is handed out oldest first', async () => {
    const ids = [await keep(), await keep(), await keep()];
    opened.hands.grant({ 'one/a': 3 });
    await opened.hands.take(3);
    expect(opened.hands.got.map(({ id }) => id)).toEqual(ids);
  });

  test('no more is out than slots were granted, and a settlement gives its slot back', async () => {
    opened.hands.grant({ 'one/a': 2 });
    for (let count = 0; count < 6; count++) await keep();
    await opened.hands.take(2);
    await aWhile();
    expect(opened.hands.got).toHaveLength(2);
    opened.hands.settle(opened.hands.got[0] as Delivery, 'done');
    await opened.hands.take(3);
    await aWhile();
    expect(opened.hands.got).toHaveLength(3);
    opened.hands.grant({ 'one/a': 1 });
    await opened.hands.take(4);
    await aWhile();
    expect(opened.hands.got).toHaveLength(4);
    expect(opened.driver.rows().work.filter(({ state }) => state === 'handling')).toHaveLength(3);
  });

  test('a handler without slots does not hold up another', async () => {
    opened.hands.grant({ 'two/b': 1 });
    const id = await keep('two');
    expect(await opened.hands.take(1)).toMatchObject({ id, handler: 'two/b' });
    await aWhile();
    expect(opened.hands.got).toHaveLength(1);
    expect(states(id)).toEqual(['pending', 'handling']);
  });

  test('held events are handed to nobody', async () => {
    opened.hands.grant({ 'one/a': 5 });
    const { id } = await opened.inbox.keep(arrival('one', 'not json'));
    await aWhile();
    expect(opened.hands.got).toEqual([]);
    expect(states(id)).toEqual(['held']);
  });

  test('done and discarded leave a record and nothing to do; dead waits', async () => {
    opened.hands.grant({ 'one/a': 3 });
    const ids = [await keep(), await keep(), await keep()];
    await opened.hands.take(3);
    for (const [at, state] of (['done', 'discarded', 'dead'] as const).entries()) {
      opened.hands.settle(opened.hands.got[at] as Delivery, state);
    }
    await until(() => opened.driver.rows().attempts.length === 3);
    expect(ids.map(states)).toEqual([[], [], ['dead']]);
    expect(opened.driver.rows().attempts.map(({ id, outcome }) => [id, outcome])).toEqual([
      [ids[0], 'done'],
      [ids[1], 'discarded'],
      [ids[2], 'dead'],
    ]);
  });

  test('what is to be retried comes when it is due, not before, as the next attempt', async () => {
    opened.hands.grant({ 'one/a': 1 });
    const id = await keep();
    const due = Date.now() + 400;
    opened.hands.settle(await opened.hands.take(1), 'pending', { due });
    await until(() => opened.driver.rows().attempts.length === 1);
    expect(await opened.hands.take(2)).toMatchObject({ id, attempt: 2 });
    expect(Date.now()).toBeGreaterThanOrEqual(due);
    expect(Date.now()).toBeGreaterThanOrEqual(due);
  });

  test('what waits for its time does not hold up what is new', async () => {
    opened.hands.grant({ 'one/a': 1 });
    await keep();
    opened.hands.settle(await opened.hands.take(1), 'pending', { due: Date.now() + 3_600_000 });
    const id = await keep();
    expect(await opened.hands.take(2)).toMatchObject({ id, attempt: 1 });
  });

  test('an attempt that does not count comes again under the same number', async () => {
    opened.hands.grant({ 'one/a': 1 });
    const id = await keep();
    for (const round of [1, 2, 3])
      opened.hands.settle(await opened.hands.take(round), 'pending', { counted: false });
    expect(await opened.hands.take(4)).toMatchObject({ id, attempt: 1 });
  });

  test('a settlement of an attempt that is over, or of something never handed out, changes nothing', async () => {
    opened.hands.grant({ 'one/a': 1 });
    const id = await keep();
    const waiting = await keep();
    const first = await opened.hands.take(1);
    opened.hands.settle(first, 'pending');
    // Both are due now; whichever came second waits for the slot.
    const second = await opened.hands.take(2);
    opened.hands.settle({ ...second, attempt: second.attempt + 1 }, 'done');
    opened.hands.settle({ ...second, attempt: second.attempt - 1 }, 'dead');
    opened.hands.settle({ ...second, handler: 'one/b' }, 'done');
    opened.hands.settle({ ...second, event: 12 }, 'done');
    opened.hands.settle({ ...second, event: numberOf(second.id === id ? waiting : id) }, 'done');
    await aWhile();
    expect(opened.hands.got).toHaveLength(2);
    expect([...states(id), ...states(waiting)].sort()).toEqual(['handling', 'pending']);
    expect(opened.driver.rows().attempts.map(({ outcome }) => outcome)).toEqual(['retry']);
  });

  test('the same settlement twice counts once', async () => {
    opened.hands.grant({ 'one/a': 1 });
    for (let count = 0; count < 3; count++) await keep();
    const first = await opened.hands.take(1);
    opened.hands.settle(first, 'done');
    opened.hands.settle(first, 'done');
    await opened.hands.take(2);
    await aWhile();
    expect(opened.hands.got).toHaveLength(2);
    expect(opened.driver.rows().attempts).toHaveLength(1);
  });

  test('what must run alone waits for the others, and they wait for it', async () => {
    opened.hands.grant({ 'one/a': 2, 'two/a': 2, 'two/b': 2 });
    const suspect = await keep();
    const other = await keep();
    await opened.hands.take(2);
    opened.hands.settle(opened.hands.got[0] as Delivery, 'pending', { alone: true });
    await until(() => states(suspect)[0] === 'pending');
    const later = await keep('two');
    await aWhile();
    expect(opened.hands.got.map(({ id }) => id)).toEqual([suspect, other]);
    opened.hands.settle(opened.hands.got[1] as Delivery, 'done');
    expect(await opened.hands.take(3)).toMatchObject({ id: suspect, attempt: 2 });
    await keep();
    await aWhile();
    expect(opened.hands.got).toHaveLength(3);
    opened.hands.settle(opened.hands.got[2] as Delivery, 'done');
    await opened.hands.take(6);
    expect(states(later)).toEqual(['handling', 'handling']);
  });

  test('recovering names what was being handled, and hands nothing out before new slots come', async () => {
    opened.hands.grant({ 'one/a': 2 });
    const ids = [await keep(), await keep(), await keep()];
    await opened.hands.take(2);
    const left = await opened.inbox.recover(INBOX_ENDED);
    expect(left.map(({ id }) => id).sort()).toEqual(ids.slice(0, 2));
    const attempt = { handler: 'one/a', attempt: 1, outcome: 'later', reason: INBOX_ENDED.reason };
    for (const one of left) expect(one).toMatchObject(attempt);
    await keep();
    await aWhile();
    expect(opened.hands.got).toHaveLength(2);
    const next = new Hands(opened.driver.work(opened.inbox));
    next.grant({ 'one/a': 9 });
    await next.take(4);
    expect(next.got.slice(0, 3).map(({ id }) => id)).toEqual(ids);
    expect(next.got.every(({ attempt }) => attempt === 1)).toBe(true);
    expect(await opened.inbox.recover(INBOX_ENDED)).toHaveLength(4);
  });

  test('what must run alone but has no handler any more holds nobody up', async () => {
    opened.hands.grant({ 'one/a': 1 });
    await keep();
    await opened.hands.take(1);
    await opened.inbox.close();
    opened.inbox = await opened.driver.open(new Map([...SOURCES].filter(([name]) => name !== 'one')));
    opened.hands = new Hands(opened.driver.work(opened.inbox));
    await opened.inbox.recover({ ended: 'handlers', reason: 'its thread ended' });
    opened.hands.grant({ 'two/a': 1, 'two/b': 1 });
    const id = await keep('two');
    await opened.hands.take(2);
    expect(states(id)).toEqual(['handling', 'handling']);
    expect(opened.driver.rows().work.filter(({ handler }) => handler === 'one/a')).toMatchObject([
      { state: 'pending', attempts: 1 },
    ]);
  });

  test('after opening again, what was being handled is still known', async () => {
    opened.hands.grant({ 'one/a': 1 });
    const id = await keep();
    await opened.hands.take(1);
    await opened.inbox.close();
    opened.inbox = await opened.driver.open(SOURCES);
    expect(states(id)).toEqual(['handling']);
    const attempt = { id, handler: 'one/a', attempt: 1 };
    // A replica may have taken it over by itself, if this is long after it was opened.
    const left = await opened.inbox.recover(PROCESS_ENDED);
    expect([[], [{ ...attempt, outcome: 'retry', reason: PROCESS_ENDED.reason }]]).toContainEqual(left);
    await until(() => states(id)[0] === 'pending');
    expect(opened.driver.rows().attempts).toMatchObject([{ ...attempt, outcome: 'retry' }]);
  });

  test('a paused inbox hands nothing out but still takes arrivals and settlements', async () => {
    opened.hands.grant({ 'one/a': 1 });
    const id = await keep();
    const delivery = await opened.hands.take(1);
    await opened.inbox.pause();
    const late = await keep();
    opened.hands.settle(delivery, 'done');
    await until(() => states(id).length === 0);
    await aWhile();
    expect(opened.hands.got).toHaveLength(1);
    expect(states(late)).toEqual(['pending']);
  });

  test('a settlement sent just before closing is on disk', async () => {
    opened.hands.grant({ 'one/a': 1 });
    const id = await keep();
    opened.hands.settle(await opened.hands.take(1), 'done');
    await opened.inbox.close();
    expect(states(id)).toEqual([]);
    expect(opened.driver.rows().attempts).toMatchObject([{ id, outcome: 'done' }]);
    opened.inbox = await opened.driver.open(SOURCES);
  });
}
