/** Part of contract.ts: replay and discard, from every state. */
import { expect, test } from 'vitest';
import type { Settlement } from '../../src/inbox/contract.ts';
import { waitFor } from '../harness/waiting.ts';
import { arrival, aWhile, fresh, type MakeDriver, numberOf, openForEach } from './driver.ts';

export function ordersContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  const work = () => opened.driver.rows().work.map(({ handler, state }) => [handler, state]);

  /** An event of `one` that has come to that state. */
  async function eventIn(state: Settlement['state']): Promise<number> {
    opened.hands.grant({ 'one/a': 1 });
    const { id } = await opened.inbox.keep(arrival('one', fresh()));
    const due = Date.now() + 3_600_000;
    opened.hands.settle(await opened.hands.take(1), state, { due });
    await waitFor(
      () => opened.driver.rows().attempts.length === 1,
      20_000,
      () => state,
    );
    return numberOf(id);
  }

  for (const state of ['done', 'discarded', 'dead', 'pending'] as const) {
    test(`a replay runs an event that is ${state} from the first attempt on`, async () => {
      const event = await eventIn(state);
      expect(await opened.inbox.order({ action: 'replay', event })).toBe(1);
      expect(await opened.hands.take(2)).toMatchObject({ event, attempt: 1, handler: 'one/a' });
      expect(opened.driver.rows().work).toMatchObject([{ state: 'handling', attempts: 1 }]);
    });
  }

  test('a replay hands a held event to every handler', async () => {
    const { id } = await opened.inbox.keep(arrival('two', 'not json'));
    expect(await opened.inbox.order({ action: 'replay', event: numberOf(id) })).toBe(2);
    opened.hands.grant({ 'two/a': 1, 'two/b': 1 });
    await opened.hands.take(2);
    expect(opened.hands.got.map(({ handler, body }) => [handler, body.toString()]).sort()).toEqual([
      ['two/a', 'not json'],
      ['two/b', 'not json'],
    ]);
  });

  test('a replay for one handler leaves the other alone', async () => {
    const { id } = await opened.inbox.keep(arrival('two', 'not json'));
    expect(await opened.inbox.order({ action: 'replay', event: numberOf(id), handler: 'two/b' })).toBe(1);
    expect(work()).toEqual([
      ['two/a', 'held'],
      ['two/b', 'pending'],
    ]);
  });

  for (const state of ['pending', 'dead'] as const) {
    test(`discarding takes an event that is ${state} off the list and says so`, async () => {
      const event = await eventIn(state);
      expect(await opened.inbox.order({ action: 'discard', event })).toBe(1);
      const { work, attempts, events } = opened.driver.rows();
      expect(work).toEqual([]);
      expect(attempts.map(({ outcome }) => outcome).sort()).toContain('discarded');
      expect(events).toHaveLength(1);
    });
  }

  test('discarding takes a held event off the list of one handler or of all', async () => {
    const { id } = await opened.inbox.keep(arrival('two', 'not json'));
    expect(await opened.inbox.order({ action: 'discard', event: numberOf(id), handler: 'two/a' })).toBe(1);
    expect(work()).toEqual([['two/b', 'held']]);
    expect(await opened.inbox.order({ action: 'discard', event: numberOf(id) })).toBe(1);
    expect(work()).toEqual([]);
    expect(opened.driver.rows().events).toMatchObject([{ id, body: 'not json' }]);
  });

  test('discarding what is finished changes nothing', async () => {
    const event = await eventIn('done');
    expect(await opened.inbox.order({ action: 'discard', event })).toBe(0);
    expect(opened.driver.rows().attempts.map(({ outcome }) => outcome)).toEqual(['done']);
  });

  test('what is discarded while it waits for its time never comes', async () => {
    opened.hands.grant({ 'one/a': 1 });
    const { id } = await opened.inbox.keep(arrival('one', fresh()));
    // Late enough for the order to be there before.
    const due = Date.now() + 2_000;
    opened.hands.settle(await opened.hands.take(1), 'pending', { due, alone: true });
    await waitFor(
      () => opened.driver.rows().attempts.length === 1,
      20_000,
      () => id,
    );
    await opened.inbox.order({ action: 'discard', event: numberOf(id) });
    const next = await opened.inbox.keep(arrival('one', fresh()));
    expect(await opened.hands.take(2)).toMatchObject({ id: next.id });
    while (Date.now() < due) await aWhile();
    await aWhile();
    expect(opened.hands.got).toHaveLength(2);
  });

  test('an event that is being handled is left in peace', async () => {
    opened.hands.grant({ 'two/a': 1 });
    const { id } = await opened.inbox.keep(arrival('two', fresh()));
    await opened.hands.take(1);
    for (const action of ['replay', 'discard'] as const) {
      await expect(opened.inbox.order({ action, event: numberOf(id) })).rejects.toThrow(
        'two/a is handling it',
      );
    }
    expect(work()).toEqual([
      ['two/a', 'handling'],
      ['two/b', 'pending'],
    ]);
    expect(await opened.inbox.order({ action: 'discard', event: numberOf(id), handler: 'two/b' })).toBe(1);
    expect(work()).toEqual([['two/a', 'handling']]);
  });

  test('an order for an event or a handler that is not there is refused', async () => {
    await expect(opened.inbox.order({ action: 'replay', event: 1 })).rejects.toThrow('no such event');
    const { id } = await opened.inbox.keep(arrival('one', fresh()));
    const order = { action: 'discard', event: numberOf(id), handler: 'two/a' } as const;
    await expect(opened.inbox.order(order)).rejects.toThrow('two/a is not one of its handlers (one/a)');
    expect(work()).toEqual([['one/a', 'pending']]);
  });

  test('the backlog follows every order', async () => {
    const { id } = await opened.inbox.keep(arrival('one', 'not json'));
    await opened.inbox.order({ action: 'replay', event: numberOf(id) });
    expect((await opened.inbox.status()).backlog).toEqual([{ handler: 'one/a', state: 'pending', count: 1 }]);
    await opened.inbox.order({ action: 'discard', event: numberOf(id) });
    expect((await opened.inbox.status()).backlog).toEqual([]);
    expect(work()).toEqual([]);
  });
}
