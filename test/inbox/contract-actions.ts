/** Part of contract.ts: what a person does to many deliveries at a time. */
import { expect, test } from 'vitest';
import type { ActionRecord, ActionWish } from '../../src/inbox/actions.ts';
import type { Settlement } from '../../src/inbox/contract.ts';
import type { InboxReader } from '../../src/inbox/reader.ts';
import type { Selection } from '../../src/inbox/selection.ts';
import {
  arrival,
  aWhile,
  eventually,
  fresh,
  Hands,
  type MakeDriver,
  numberOf,
  openForEach,
  SOURCES,
} from './driver.ts';

export function actionsContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);
  const hour = 3_600_000;

  /** What is replayed may have found a free slot already. */
  const work = () =>
    opened.driver
      .rows()
      .work.map(({ handler, state }) => [handler, ['pending', 'handling'].includes(state) ? 'again' : state]);

  /** Events of a source, each settled like this by its handlers in turn. */
  async function settled(source: string, ...states: Settlement['state'][]): Promise<string[]> {
    const handlers = SOURCES.get(source)?.routes.map(({ handler }) => handler) ?? [];
    const ids: string[] = [];
    for (const state of states) {
      const before = opened.hands.got.length;
      opened.hands.grant(Object.fromEntries(handlers.map((handler) => [handler, 1])));
      ids.push((await opened.inbox.keep(arrival(source, fresh()))).id);
      await opened.hands.take(before + handlers.length);
      for (const delivery of opened.hands.got.slice(before)) {
        opened.hands.settle(delivery, state, { due: Date.now() + hour });
      }
      await eventually(async () => opened.driver.rows().attempts.length >= before + handlers.length, 20_000);
    }
    return ids;
  }

  async function carryOut(verb: ActionWish['verb'], selection: Selection, more: Partial<ActionWish> = {}) {
    const { id } = await opened.inbox.startAction({ verb, selection, who: 'anna', ...more });
    return await ended(id);
  }

  async function ended(id: number): Promise<ActionRecord> {
    let action: ActionRecord | undefined;
    await eventually(async () => {
      action = (await opened.inbox.actions(100)).find((one) => one.id === id);
      return action !== undefined && action.state !== 'running';
    }, 20_000);
    return action as ActionRecord;
  }

  async function countAll(selection: Selection): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let after: number | null = -1; after !== null; ) {
      const step = await opened.inbox.countStep({ verb: 'replay', selection }, after);
      for (const [handler, count] of step.counts) counts[handler] = (counts[handler] ?? 0) + count;
      after = step.last;
    }
    return counts;
  }

  test('what is dead is replayed, and what is done for another handler of the same event is not', async () => {
    opened.hands.grant({ 'two/a': 1, 'two/b': 1 });
    await opened.inbox.keep(arrival('two', fresh()));
    await opened.hands.take(2);
    for (const delivery of opened.hands.got) {
      opened.hands.settle(delivery, delivery.handler === 'two/a' ? 'dead' : 'done');
    }
    await eventually(async () => opened.driver.rows().attempts.length === 2);
    expect(await countAll({ state: 'dead' })).toEqual({ 'two/a': 1 });
    const action = await carryOut('replay', { state: 'dead' }, { found: 1 });
    expect(action).toMatchObject({
      verb: 'replay',
      who: 'anna',
      state: 'done',
      found: 1,
      changed: 1,
      skipped: 0,
    });
    expect(action.endedAt).toEqual(expect.any(Number));
    expect(work()).toEqual([['two/a', 'again']]);
    opened.hands.grant({ 'two/a': 1, 'two/b': 1 });
    expect(await opened.hands.take(3)).toMatchObject({ handler: 'two/a', attempt: 1 });
  });

  test('of two handlers the one that is named is replayed where it is dead, and nowhere else', async () => {
    await settled('two', 'dead', 'done');
    expect(await countAll({ state: 'dead', handler: 'two/b' })).toEqual({ 'two/b': 1 });
    await carryOut('replay', { state: 'dead', handler: 'two/b' });
    expect(work()).toEqual([
      ['two/a', 'dead'],
      ['two/b', 'again'],
    ]);
  });

  test('what came after it was counted stays as it is', async () => {
    const [first] = await settled('one', 'dead');
    await settled('one', 'dead');
    const action = await carryOut('replay', { state: 'dead' }, { upTo: numberOf(first as string), found: 1 });
    expect(action).toMatchObject({ changed: 1, skipped: 0, failed: 0 });
    expect(work()).toEqual([
      ['one/a', 'again'],
      ['one/a', 'dead'],
    ]);
  });

  test('what has changed since it was counted is skipped, and counted as that', async () => {
    const [first] = await settled('one', 'dead', 'dead');
    await opened.inbox.order({ action: 'discard', event: numberOf(first as string) });
    const action = await carryOut('replay', { state: 'dead' }, { found: 2 });
    expect(action).toMatchObject({ state: 'done', found: 2, changed: 1, skipped: 1, failed: 0 });
  });

  test('what waits for its time is due at once, before none that is new, and what is due already is left alone', async () => {
    const [waiting] = await settled('one', 'pending');
    const { id } = await opened.inbox.keep(arrival('one', fresh()));
    expect(await countAll({ state: 'pending' })).toEqual({ 'one/a': 1 });
    expect(await carryOut('replay', { state: 'pending' }, { found: 1 })).toMatchObject({ changed: 1 });
    opened.hands.grant({ 'one/a': 2 });
    await opened.hands.take(3);
    expect(
      opened.hands.got
        .slice(1)
        .map((delivery) => delivery.id)
        .sort(),
    ).toEqual([waiting as string, id].sort());
  });

  test('what is done is replayed only if its number is given', async () => {
    await settled('one', 'done', 'discarded');
    const wish = { verb: 'replay', selection: { state: 'done' }, who: 'anna' } as const;
    await expect(opened.inbox.startAction(wish)).rejects.toThrow('replay of what is done wants the number');
    expect(await countAll({ state: 'done' })).toEqual({ 'one/a': 1 });
    expect(await carryOut('replay', { state: 'done' }, { found: 1 })).toMatchObject({ found: 1, changed: 1 });
    expect(work()).toEqual([['one/a', 'again']]);
  });

  test('many are discarded, each with its record, and the backlog follows', async () => {
    await settled('two', 'dead');
    await opened.inbox.keep(arrival('two', 'not json'));
    expect(await carryOut('discard', { state: 'dead' }, { found: 2 })).toMatchObject({ changed: 2 });
    expect(work()).toEqual([
      ['two/a', 'held'],
      ['two/b', 'held'],
    ]);
    expect(opened.driver.rows().attempts.filter(({ error }) => error === 'discarded by hand')).toHaveLength(
      2,
    );
    expect(await carryOut('discard', { heldOnly: true })).toMatchObject({ found: 2, changed: 2 });
    expect((await opened.inbox.status()).backlog).toEqual([]);
  });

  test('what makes no sense is refused, and nothing is kept of it', async () => {
    const start = (verb: 'replay' | 'discard', selection: Selection) =>
      opened.inbox.startAction({ verb, selection, who: 'anna' });
    await expect(start('replay', { source: 'one' })).rejects.toThrow('replay wants event ids, or a state');
    await expect(start('discard', { state: 'handling' })).rejects.toThrow('discard cannot be done');
    await expect(start('discard', { state: 'done' })).rejects.toThrow('discard has nothing to do');
    await expect(opened.inbox.cancelAction(17, 'anna')).rejects.toThrow('there is no action 17');
    expect(await opened.inbox.actions(10)).toEqual([]);
  });

  test('a handler that is gone cannot be replayed to, which is said; what it left can be discarded', async () => {
    await settled('one', 'dead');
    await settled('two', 'dead');
    await opened.inbox.close();
    opened.inbox = await opened.driver.open(new Map([...SOURCES].filter(([name]) => name !== 'one')));
    opened.hands = new Hands(opened.driver.work(opened.inbox));
    expect(await carryOut('replay', { state: 'dead' }, { found: 3 })).toMatchObject({
      state: 'done',
      changed: 2,
      failed: 1,
      skipped: 0,
      remark: 'one/a is not wired any more',
    });
    expect(work()[0]).toEqual(['one/a', 'dead']);
    expect(await carryOut('discard', { state: 'dead' })).toMatchObject({ changed: 1, failed: 0 });
  });

  test('for a latest handler what a newer state has overtaken is skipped, and what is newest is replayed', async () => {
    const tell = async (at: number, state: Settlement['state']) => {
      const before = opened.hands.got.length;
      opened.hands.grant({ 'parcels/a': 1 });
      const body = JSON.stringify({ id: `p${at}`, carrier: 'x', number: '1', at: 1_700_000_000 + at });
      const { id } = await opened.inbox.keep(arrival('parcels', body));
      opened.hands.settle(await opened.hands.take(before + 1), state);
      await eventually(async () => opened.driver.rows().attempts.length >= before + 1);
      return id;
    };
    await tell(1, 'done');
    const newest = await tell(2, 'done');
    expect(await carryOut('replay', { state: 'done', source: 'parcels' }, { found: 2 })).toMatchObject({
      changed: 1,
      skipped: 1,
    });
    opened.hands.grant({ 'parcels/a': 1 });
    expect(await opened.hands.take(3)).toMatchObject({ id: newest, attempt: 1 });
    expect(opened.driver.rows().attempts.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
  });

  test('an action goes on where it was after a restart, and counts right', async () => {
    const ids: number[] = [];
    for (let nth = 0; nth < 600; nth++) ids.push(nth);
    await Promise.all(
      ids.map(() => opened.inbox.keep(arrival('two', 'not json'.padEnd(9 + Math.random() * 0)))),
    );
    await Promise.all(ids.map((nth) => opened.inbox.keep(arrival('two', `not json ${nth}`))));
    const held = opened.driver.rows().work.length;
    const { id } = await opened.inbox.startAction({
      verb: 'replay',
      selection: { state: 'held' },
      found: held,
      who: 'anna',
    });
    await opened.inbox.close();
    opened.inbox = await opened.driver.open(SOURCES);
    opened.hands = new Hands(opened.driver.work(opened.inbox));
    expect(await ended(id)).toMatchObject({
      state: 'done',
      found: held,
      changed: held,
      skipped: 0,
      failed: 0,
    });
    expect(new Set(work().map(([, state]) => state))).toEqual(new Set(['again']));
    expect((await opened.inbox.status()).backlog.reduce((sum, { count }) => sum + count, 0)).toBe(held);
  });

  test('one that is cancelled changes nothing more, and keeps what it has changed', async () => {
    await Promise.all(
      Array.from({ length: 800 }, (_, nth) => opened.inbox.keep(arrival('one', `not json ${nth}`))),
    );
    const { id } = await opened.inbox.startAction({
      verb: 'discard',
      selection: { state: 'held' },
      found: 800,
      who: 'anna',
    });
    const cancelled = await opened.inbox.cancelAction(id, 'otto');
    expect(cancelled).toMatchObject({ state: 'cancelled', remark: 'cancelled by otto' });
    const left = work().length;
    expect(left).toBe(800 - cancelled.changed);
    await aWhile();
    expect(work()).toHaveLength(left);
    await expect(opened.inbox.cancelAction(id, 'otto')).rejects.toThrow(`action ${id} is cancelled already`);
  });

  test('actions are carried out one after the other, and all that was ordered is kept with who ordered it', async () => {
    const [first] = await settled('one', 'dead', 'dead');
    await opened.inbox.orderPause({ verb: 'pause', name: 'one/a', who: 'otto', reason: 'x' });
    await opened.inbox.order({ action: 'replay', event: numberOf(first as string), who: 'emma' });
    const both = await Promise.all([
      opened.inbox.startAction({ verb: 'replay', selection: { state: 'dead' }, who: 'anna' }),
      opened.inbox.startAction({ verb: 'discard', selection: { state: 'dead' }, who: 'anna' }),
    ]);
    for (const { id } of both) await ended(id);
    const { length } = await opened.inbox.actions(10);
    expect(length).toBe(4);
    const reader = (await opened.driver.reader()) as InboxReader;
    const [newest, ...others] = await reader.actions.list(10);
    expect(await reader.actions.list(10, newest?.id)).toEqual(others);
    expect(await reader.actions.one(newest?.id ?? 0)).toEqual(newest);
    await reader.close();
    const [, , order, pause] = await opened.inbox.actions(10);
    expect(order).toMatchObject({
      who: 'emma',
      verb: 'replay',
      about: { numbers: [numberOf(first as string)] },
      changed: 1,
    });
    expect(pause).toMatchObject({
      who: 'otto',
      verb: 'pause',
      about: { name: 'one/a', reason: 'x' },
      state: 'done',
    });
  });

  test('what is replayed has waited since then, not since it came', async () => {
    const old = Date.now() - 24 * hour;
    const { id } = await opened.inbox.keep(arrival('one', 'not json', old));
    const before = Date.now() - 5_000;
    await carryOut('replay', { state: 'held' }, { found: 1 });
    const afterAction = (await opened.inbox.status()).oldestPendingAt ?? 0;
    expect(afterAction).toBeGreaterThan(before);
    await opened.inbox.order({ action: 'replay', event: numberOf(id) });
    expect((await opened.inbox.status()).oldestPendingAt).toBeGreaterThan(before);
    await opened.inbox.keep(arrival('two', fresh(), old));
    expect((await opened.inbox.status()).oldestPendingAt).toBeLessThan(before);
  });
}
