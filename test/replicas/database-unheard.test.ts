/**
 * The database does something, and its word on it never arrives: the connection breaks in between. What was written is
 * found again; what was not is done again.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { HANDLED } from '../fixtures/enduring/sources.ts';
import { type Answer, deliver, numberOf } from '../harness/deliver.ts';
import { useEnduring } from '../harness/ledger.ts';
import { type Network, startNetwork } from '../harness/network.ts';
import { bodyOf } from '../harness/sender.ts';

let network: Network;
let last = 0;
const opened = useEnduring(async (url) => {
  network = await startNetwork(Number(new URL(url).port));
  return network.through(url);
});
afterAll(() => network.stop());

/** As a provider does: again and again, until it is taken. */
async function sendUntilTaken(source: string, body: string): Promise<Answer> {
  for (;;) {
    const answer = await deliver(opened.service, source, body);
    if (answer.status === 200) return answer;
    await sleep(50);
  }
}

async function expectHandledOnce(id: string): Promise<void> {
  const work = () => opened.database.query('SELECT * FROM work WHERE event = $1', numberOf(id));
  await expect.poll(work, { interval: 50 }).toEqual([]);
  const attempts = await opened.database.query(
    'SELECT attempt, outcome FROM attempts WHERE event = $1',
    numberOf(id),
  );
  expect(attempts).toEqual([{ attempt: 1, outcome: 'done' }]);
  const handled = readFileSync(join(opened.service.folder, HANDLED), 'utf8').split('\n');
  expect(handled.filter((line) => line === id)).toHaveLength(1);
}

// The statement that keeps an event where it is the only one, and the end of its transaction where there are several.
const KEEPING = [
  ['jobs', 'keep'],
  ['things', 'COMMIT'],
] as const;
test.each(KEEPING)(
  'an event of %s whose commit nobody heard of is a duplicate when it comes again',
  async (source, end) => {
    await sendUntilTaken(source, bodyOf(++last));
    const kept = () => opened.database.query<{ number: number }>('SELECT number FROM inbox ORDER BY number');
    const body = bodyOf(++last);
    network.muteAfter(end);
    const first = deliver(opened.service, source, body);
    await expect.poll(kept, { interval: 10 }).toHaveLength(2);
    network.cut();
    network.muteAfter(undefined);
    expect(await first).toMatchObject({ status: 503, retryAfter: '5' });
    const again = await sendUntilTaken(source, body);
    expect([again.outcome, numberOf(again.id)]).toEqual(['duplicate', (await kept())[1]?.number]);
    expect(await kept()).toHaveLength(2);
    await expectHandledOnce(again.id);
  },
);

const SETTLING = [
  ['jobs', 'settle'],
  ['things', 'COMMIT'],
] as const;
test.each(SETTLING)(
  'a handler of %s whose end nobody heard of has its slot back, and is not run again',
  async (source, end) => {
    const done = () => opened.database.query("SELECT event FROM attempts WHERE outcome = 'done'");
    const ids: string[] = [];
    const handle = async (prepare = () => {}) => {
      const { id } = await sendUntilTaken(source, bodyOf(++last));
      prepare();
      ids.push(id);
      await expect.poll(done, { interval: 20 }).toHaveLength(ids.length);
    };
    // More often than it has slots.
    for (let nth = 1; nth <= 3; nth++) {
      await handle(() => network.muteAfter(end));
      network.cut();
      network.muteAfter(undefined);
      await handle();
    }
    for (const id of ids) await expectHandledOnce(id);
  },
);
