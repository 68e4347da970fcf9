/** Part of contract.ts: what failed alike is one group, for as long as it is open. */
import { expect, test } from 'vitest';
import { causeOf } from '../../src/inbox/cause.ts';
import type { FailureFilter } from '../../src/inbox/failures.ts';
import type { InboxReader } from '../../src/inbox/reader.ts';
import { arrival, eventually, fresh, type MakeDriver, numberOf, openForEach } from './driver.ts';

export function causesContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);
  const LATER = { due: Date.now() + 3_600_000 };

  async function failures(filter: FailureFilter = {}) {
    const reader = (await opened.driver.reader()) as InboxReader;
    try {
      return (await reader.failures(filter)).groups;
    } finally {
      await reader.close();
    }
  }

  /** An event of that source whose first attempt fails for each of its handlers. */
  async function fail(state: 'dead' | 'pending', error: string, source = 'one'): Promise<string> {
    const { id } = await opened.inbox.keep(arrival(source, fresh()));
    const handlers = source === 'one' ? ['one/a'] : ['two/a', 'two/b'];
    await opened.hands.take(opened.hands.got.length + handlers.length);
    for (const delivery of opened.hands.got.slice(-handlers.length)) {
      const cause = causeOf(delivery.handler, error);
      opened.hands.settle(delivery, state, { ...LATER, error, cause });
    }
    return id;
  }

  const counts = async (filter?: FailureFilter) =>
    (await failures(filter)).map(({ handler, dead, retrying, seen }) => [handler, dead, retrying, seen]);

  test('dead and retrying events are counted by handler and cause, with a sample and the newest ids', async () => {
    opened.hands.grant({ 'one/a': 9, 'two/a': 9, 'two/b': 9 });
    const ids = [
      await fail('dead', 'Error: order 1 is unknown'),
      await fail('pending', 'Error: order 22 is unknown'),
      await fail('dead', 'Error: order 333 is unknown'),
      await fail('dead', 'Error: order 4 is unknown'),
    ];
    await fail('pending', 'Error: no answer');
    await fail('dead', 'Error: order 5 is unknown', 'two');
    await eventually(async () => (await failures()).reduce((sum, { seen }) => sum + seen, 0) === 7);
    const groups = await failures();
    const cause = causeOf('one/a', 'Error: order 6 is unknown');
    expect(groups[0]).toEqual({
      handler: 'one/a',
      cause,
      dead: 3,
      retrying: 1,
      seen: 4,
      sample: 'Error: order 1 is unknown',
      first: expect.stringMatching(/Z$/),
      last: expect.stringMatching(/Z$/),
      newest: ids.slice(1).toReversed(),
    });
    expect((groups[0]?.first ?? '') <= (groups[0]?.last ?? '')).toBe(true);
    expect(
      groups
        .slice(1)
        .map(({ handler, dead, retrying }) => `${handler} ${dead} ${retrying}`)
        .sort(),
    ).toEqual(['one/a 0 1', 'two/a 1 0', 'two/b 1 0']);
    expect(await counts({ handler: 'two/b' })).toEqual([['two/b', 1, 0, 1]]);
    expect(await counts({ handler: 'nope/nope' })).toEqual([]);
  });

  test('a group lasts as long as something open is in it; a look back shows it still', async () => {
    opened.hands.grant({ 'one/a': 9 });
    const before = Date.now() - 60_000;
    const id = await fail('dead', 'Error: no answer');
    await eventually(async () => (await counts())[0]?.[3] === 1);
    await opened.inbox.order({ action: 'replay', event: numberOf(id) });
    const again = await opened.hands.take(2);
    expect(await counts()).toEqual([]);
    expect(await counts({ since: before })).toEqual([['one/a', 0, 0, 1]]);
    expect(await counts({ since: Date.now() + 60_000 })).toEqual([]);
    opened.hands.settle(again, 'pending', {
      error: 'Error: no answer',
      cause: causeOf('one/a', 'Error: no answer'),
    });
    // It is on trial again, and no word on why it was cut off changes what is known.
    const third = await opened.hands.take(3);
    expect(await counts()).toEqual([['one/a', 0, 1, expect.any(Number)]]);
    opened.hands.settle(third, 'pending', { ...LATER, counted: false, error: 'the service stopped' });
    await eventually(async () => opened.driver.rows().work[0]?.state === 'pending');
    await eventually(async () => (await counts())[0]?.[3] === 2);
    expect(await counts()).toEqual([['one/a', 0, 1, 2]]);
  });
}
