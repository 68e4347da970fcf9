/** Part of contract.ts: retention. */
import { expect, test } from 'vitest';
import { waitFor } from '../harness/waiting.ts';
import { arrival, fresh, type MakeDriver, numberOf, openForEach } from './driver.ts';

const DAY_MS = 86_400_000;

export function purgeContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  const daysAgo = (days: number) => Date.now() - days * DAY_MS;
  const bodies = () => opened.driver.rows().events.map(({ body }) => body);

  test('finished events past their retention lose their body but are still known', async () => {
    const [old, young] = [fresh(), fresh()];
    const { id } = await opened.inbox.keep(arrival('still', old, daysAgo(40)));
    await opened.inbox.keep(arrival('still', young));
    expect(await opened.inbox.purge(daysAgo(30), daysAgo(60))).toEqual({ removed: 1, more: false });
    expect(bodies()).toEqual([null, young]);
    expect(await opened.inbox.keep(arrival('still', old))).toEqual({ outcome: 'duplicate', id });
    expect(await opened.inbox.purge(daysAgo(30), daysAgo(60))).toEqual({ removed: 0, more: false });
  });

  test('once their key is past its time as well they are gone, and a copy would be new', async () => {
    const old = fresh();
    const { id } = await opened.inbox.keep(arrival('still', old, daysAgo(70)));
    await opened.inbox.purge(daysAgo(30), daysAgo(60));
    expect(opened.driver.rows().events).toEqual([]);
    const again = await opened.inbox.keep(arrival('still', old));
    expect(again.outcome).toBe('accepted');
    expect(again.id).not.toBe(id);
  });

  test('the record of the attempts goes with the body', async () => {
    opened.hands.grant({ 'one/a': 1 });
    await opened.inbox.keep(arrival('one', fresh(), daysAgo(40)));
    opened.hands.settle(await opened.hands.take(1), 'done');
    await waitFor(
      () => opened.driver.rows().attempts.length === 1,
      20_000,
      () => 'no attempt',
    );
    await opened.inbox.purge(daysAgo(30), daysAgo(60));
    expect(opened.driver.rows().attempts).toEqual([]);
    expect(bodies()).toEqual([null]);
  });

  test('what is pending, handling, dead or held stays, however old', async () => {
    opened.hands.grant({ 'one/a': 2 });
    const all = [fresh(), fresh(), 'not json', fresh()];
    for (const [at, body] of all.entries()) {
      await opened.inbox.keep(arrival(at === 3 ? 'two' : 'one', body, daysAgo(400)));
    }
    await opened.hands.take(2);
    opened.hands.settle(opened.hands.got[0] as (typeof opened.hands.got)[0], 'dead');
    await waitFor(
      () => opened.driver.rows().attempts.length === 1,
      20_000,
      () => 'no attempt',
    );
    expect(await opened.inbox.purge(daysAgo(30), daysAgo(30))).toEqual({ removed: 0, more: false });
    expect(bodies()).toEqual(all);
    expect(opened.driver.rows().work.map(({ state }) => state)).toEqual([
      'dead',
      'handling',
      'held',
      'pending',
      'pending',
    ]);
  });

  test('an event without its body cannot be replayed', async () => {
    const { id } = await opened.inbox.keep(arrival('still', fresh(), daysAgo(40)));
    await opened.inbox.purge(daysAgo(30), daysAgo(60));
    const order = { action: 'replay', event: numberOf(id) } as const;
    await expect(opened.inbox.order(order)).rejects.toThrow('purged');
  });

  test('one step is bounded, and the steps together reach the end', async () => {
    const many = Array.from({ length: 1_200 }, fresh);
    await Promise.all(many.map((body) => opened.inbox.keep(arrival('still', body, daysAgo(40)))));
    const removed: number[] = [];
    for (let more = true; more; ) {
      const step = await opened.inbox.purge(daysAgo(30), daysAgo(35));
      removed.push(step.removed);
      more = step.more;
    }
    expect(Math.max(...removed)).toBeLessThanOrEqual(500);
    expect(removed.reduce((sum, one) => sum + one)).toBe(1_200);
    expect(opened.driver.rows().events).toEqual([]);
  });
}
