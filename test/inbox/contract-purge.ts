/** Part of contract.ts: retention. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Inbox } from '../../src/inbox-contract.ts';
import { waitFor } from '../service.ts';
import { arrival, type Driver, fresh, Hands, numberOf, SOURCES } from './driver.ts';

const DAY_MS = 86_400_000;

export function purgeContract(makeDriver: () => Driver): void {
  let driver: Driver;
  let inbox: Inbox;
  beforeEach(async () => {
    driver = makeDriver();
    inbox = await driver.open(SOURCES);
  });
  afterEach(async () => {
    await inbox.close();
    driver.clear();
  });

  const daysAgo = (days: number) => Date.now() - days * DAY_MS;
  const bodies = () => driver.rows().events.map(({ body }) => body);

  test('finished events past their retention lose their body but are still known', async () => {
    const [old, young] = [fresh(), fresh()];
    const { id } = await inbox.keep(arrival('still', old, daysAgo(40)));
    await inbox.keep(arrival('still', young));
    expect(await inbox.purge(daysAgo(30), daysAgo(60))).toEqual({ removed: 1, more: false });
    expect(bodies()).toEqual([null, young]);
    expect(await inbox.keep(arrival('still', old))).toEqual({ outcome: 'duplicate', id });
    expect(await inbox.purge(daysAgo(30), daysAgo(60))).toEqual({ removed: 0, more: false });
  });

  test('once their key is past its time as well they are gone, and a copy would be new', async () => {
    const old = fresh();
    const { id } = await inbox.keep(arrival('still', old, daysAgo(70)));
    await inbox.purge(daysAgo(30), daysAgo(60));
    expect(driver.rows().events).toEqual([]);
    const again = await inbox.keep(arrival('still', old));
    expect(again.outcome).toBe('accepted');
    expect(again.id).not.toBe(id);
  });

  test('the record of the attempts goes with the body', async () => {
    const hands = new Hands(driver.work(inbox));
    hands.grant({ 'one/a': 1 });
    await inbox.keep(arrival('one', fresh(), daysAgo(40)));
    hands.settle(await hands.take(1), 'done');
    await waitFor(
      () => driver.rows().attempts.length === 1,
      5_000,
      () => 'no attempt',
    );
    await inbox.purge(daysAgo(30), daysAgo(60));
    expect(driver.rows().attempts).toEqual([]);
    expect(bodies()).toEqual([null]);
  });

  test('what is pending, handling, dead or held stays, however old', async () => {
    const hands = new Hands(driver.work(inbox));
    hands.grant({ 'one/a': 2 });
    const all = [fresh(), fresh(), 'not json', fresh()];
    for (const [at, body] of all.entries()) {
      await inbox.keep(arrival(at === 3 ? 'two' : 'one', body, daysAgo(400)));
    }
    await hands.take(2);
    hands.settle(hands.got[0] as (typeof hands.got)[0], 'dead');
    await waitFor(
      () => driver.rows().attempts.length === 1,
      5_000,
      () => 'no attempt',
    );
    expect(await inbox.purge(daysAgo(30), daysAgo(30))).toEqual({ removed: 0, more: false });
    expect(bodies()).toEqual(all);
    expect(driver.rows().work.map(({ state }) => state)).toEqual([
      'dead',
      'handling',
      'held',
      'pending',
      'pending',
    ]);
  });

  test('an event without its body cannot be replayed', async () => {
    const { id } = await inbox.keep(arrival('still', fresh(), daysAgo(40)));
    await inbox.purge(daysAgo(30), daysAgo(60));
    const order = { action: 'replay', event: numberOf(id) } as const;
    await expect(inbox.order(order)).rejects.toThrow('purged');
  });

  test('one step is bounded, and the steps together reach the end', async () => {
    const many = Array.from({ length: 1_200 }, fresh);
    await Promise.all(many.map((body) => inbox.keep(arrival('still', body, daysAgo(40)))));
    const removed: number[] = [];
    for (let more = true; more; ) {
      const step = await inbox.purge(daysAgo(30), daysAgo(35));
      removed.push(step.removed);
      more = step.more;
    }
    expect(Math.max(...removed)).toBeLessThanOrEqual(500);
    expect(removed.reduce((sum, one) => sum + one)).toBe(1_200);
    expect(driver.rows().events).toEqual([]);
  });
}
