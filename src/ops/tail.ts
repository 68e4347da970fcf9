/**
 * `consignee events tail`: shows events as they come in. A verb of events.ts.
 *
 * Where several replicas write, an event may come to light after one with a higher number: so it looks back a while each
 * time, and knows what it has shown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { firstNumberAt, timeOfNumber } from '../inbox/event-id.ts';
import type { EventSummary, Filter, InboxReader } from '../inbox/reader.ts';

const MANY = 10_000;
const POLL_MS = 500;

/** Never ends by itself. */
export async function tail(
  reader: InboxReader,
  filter: Omit<Filter, 'limit'>,
  show: (event: EventSummary) => void,
): Promise<never> {
  let after = behind(await reader.newest(), reader.lateMs);
  // What is there already is no news, and needs no showing.
  const known = new Set(await reader.numbers(after, Number.MAX_SAFE_INTEGER));
  for (;;) {
    const newest = await reader.newest();
    const events = await reader.list({
      ...filter,
      after,
      except: [...known],
      limit: MANY,
      oldestFirst: true,
    });
    for (const event of events) {
      show(event);
      known.add(event.number);
    }
    const last = events.at(-1)?.number ?? 0;
    // Beyond a full list nobody has looked yet; and what is not in the state that is asked for may still come into it.
    const isAll = events.length < MANY && filter.state === undefined;
    const looked = isAll ? Math.max(newest, last) : last;
    after = Math.max(after, behind(looked, reader.lateMs));
    for (const number of known) if (number <= after) known.delete(number);
    await sleep(POLL_MS);
  }
}

/** The number from which on something may still come. */
function behind(number: number, lateMs: number): number {
  return lateMs === 0 ? number : Math.min(number, firstNumberAt(timeOfNumber(number) - lateMs));
}
