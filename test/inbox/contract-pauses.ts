/** Part of contract.ts: handlers and targets that a person pauses and resumes. */
import { expect, test } from 'vitest';
import type { InboxReader } from '../../src/inbox/reader.ts';
import { arrival, aWhile, fresh, Hands, type MakeDriver, openForEach, SOURCES } from './driver.ts';

export function pausesContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);
  const by = { who: 'anna', reason: 'the store is being moved' };

  const pause = (name: string) => opened.inbox.orderPause({ verb: 'pause', name, ...by });
  const resume = (name: string) => opened.inbox.orderPause({ verb: 'resume', name, who: 'otto' });
  const states = () => opened.driver.rows().work.map(({ handler, state }) => [handler, state]);

  async function reopen(): Promise<void> {
    await opened.inbox.close();
    opened.inbox = await opened.driver.open(SOURCES);
    opened.hands = new Hands(opened.driver.work(opened.inbox));
  }

  test('a handler that is paused gets nothing, and the other one of its source goes on', async () => {
    await pause('two/a');
    opened.hands.grant({ 'two/a': 4, 'two/b': 4 });
    await opened.inbox.keep(arrival('two', fresh()));
    await opened.inbox.keep(arrival('two', fresh()));
    await opened.hands.take(2);
    await aWhile();
    expect(opened.hands.got.map(({ handler }) => handler)).toEqual(['two/b', 'two/b']);
    expect(states().filter(([handler]) => handler === 'two/a')).toEqual([
      ['two/a', 'pending'],
      ['two/a', 'pending'],
    ]);
  });

  test('what runs when its handler is paused finishes, and what waits comes after the resume, oldest first', async () => {
    opened.hands.grant({ 'one/a': 1 });
    await opened.inbox.keep(arrival('one', fresh()));
    const running = await opened.hands.take(1);
    await pause('one/a');
    const second = await opened.inbox.keep(arrival('one', fresh()));
    const third = await opened.inbox.keep(arrival('one', fresh()));
    opened.hands.settle(running, 'done');
    opened.hands.grant({ 'one/a': 1 });
    await aWhile();
    expect(opened.hands.got).toHaveLength(1);
    expect(await resume('one/a')).toMatchObject({ handlers: ['one/a'], before: by, endedRest: false });
    await opened.hands.take(3);
    expect(opened.hands.got.slice(1).map(({ id }) => id)).toEqual([second.id, third.id]);
  });

  test('a target that is paused keeps all its handlers from getting anything', async () => {
    expect((await pause('shared')).handlers).toEqual(['left/a', 'right/a']);
    opened.hands.grant({ shared: 4 });
    await opened.inbox.keep(arrival('left', fresh()));
    await opened.inbox.keep(arrival('right', fresh()));
    await aWhile();
    expect(opened.hands.got).toEqual([]);
    await resume('shared');
    await opened.hands.take(2);
  });

  test('of two handlers of one target the one that is paused does not keep the other one waiting', async () => {
    await pause('left/a');
    opened.hands.grant({ shared: 1 });
    await opened.inbox.keep(arrival('left', fresh()));
    await opened.inbox.keep(arrival('right', fresh()));
    expect(await opened.hands.take(1)).toMatchObject({ handler: 'right/a' });
  });

  test('a pause says who made it and why, and outlives a restart', async () => {
    const before = Date.now();
    await pause('one/a');
    await reopen();
    const { paused } = await opened.inbox.status();
    expect(paused).toEqual([{ name: 'one/a', handlers: ['one/a'], ...by, since: expect.any(Number) }]);
    expect(Math.abs((paused[0]?.since ?? 0) - before)).toBeLessThan(5_000);
    opened.hands.grant({ 'one/a': 1 });
    await opened.inbox.keep(arrival('one', fresh()));
    await aWhile();
    expect(opened.hands.got).toEqual([]);
    await resume('one/a');
    await opened.hands.take(1);
    expect((await opened.inbox.status()).paused).toEqual([]);
  });

  test('what must run alone does not hold others up while its handler is paused', async () => {
    opened.hands.grant({ 'one/a': 1, 'two/a': 1 });
    await opened.inbox.keep(arrival('one', fresh()));
    opened.hands.settle(await opened.hands.take(1), 'pending', { due: 0, alone: true });
    const again = await opened.hands.take(2);
    await pause('one/a');
    opened.hands.settle(again, 'pending', { due: 0, alone: true });
    await opened.inbox.keep(arrival('two', fresh()));
    const other = await opened.hands.take(3);
    expect(other).toMatchObject({ handler: 'two/a' });
    opened.hands.settle(other, 'done');
    opened.hands.grant({ 'one/a': 2 });
    await resume('one/a');
    expect(await opened.hands.take(4)).toMatchObject({ handler: 'one/a' });
  });

  test('to resume ends the rest of a target that was down, and tries it with what waits for its time', async () => {
    opened.hands.grant({ 'one/a': 1 });
    await opened.inbox.keep(arrival('one', fresh()));
    const hour = 3_600_000;
    const first = await opened.hands.take(1);
    opened.hands.settle(first, 'pending', { due: Date.now() + hour, unavailable: { restMs: hour } });
    opened.hands.grant({ 'one/a': 1 });
    await expect
      .poll(async () => (await opened.inbox.status()).resting, { timeout: 10_000 })
      .toEqual(['one/a']);
    const { restsUntil } = await opened.inbox.status();
    expect(restsUntil).toEqual({ 'one/a': expect.any(Number) });
    expect(Math.abs(Number(restsUntil?.['one/a']) - Date.now() - hour)).toBeLessThan(60_000);
    const reader = (await opened.driver.reader()) as InboxReader;
    const due = await reader.counts.oldestDue(['one/a', 'two/a']);
    await reader.close();
    expect(due).toEqual({ 'one/a': expect.any(Number) });
    expect(Math.abs(Number(due['one/a']) - Date.now() - hour)).toBeLessThan(60_000);
    expect(await resume('one/a')).toEqual({ handlers: ['one/a'], endedRest: true });
    const again = await opened.hands.take(2);
    expect(again).toMatchObject({ event: first.event });
    opened.hands.settle(again, 'done');
    await expect.poll(async () => (await opened.inbox.status()).resting, { timeout: 10_000 }).toEqual([]);
  });

  test('a name that nothing has is refused, and changes nothing', async () => {
    await expect(pause('one/none')).rejects.toThrow(
      'one/none is neither a handler nor a target (there are one/a,',
    );
    await expect(resume('one/none')).rejects.toThrow('one/none is neither');
    expect((await opened.inbox.status()).paused).toEqual([]);
    expect(await resume('one/a')).toEqual({ handlers: ['one/a'], endedRest: false });
  });
}
