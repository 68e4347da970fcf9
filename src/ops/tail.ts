/**
 * `consignee events tail`: shows events as they come in. A verb of events.ts.
 *
 * If several replicas write, an event may become visible after one with a higher number. So `tail` looks back a while each
 * time, and remembers which events it has shown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { firstNumberAt, timeOfNumber } from '../inbox/event-id.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { EventSummary, Filter } from '../inbox/summary.ts';

const MANY = 10_000;
const POLL_MS = 500;

/** Never ends by itself. */
export async function tail(
  reader: InboxReader,
  filter: Omit<Filter, 'limit'>,
  show: (event: EventSummary) => void,
): Promise<never> {
  let after = behind(await reader.newest(), reader.lateMs);
  // Events that are there already are not shown.
  const known = new Set(await reader.numbers(after, Number.MAX_SAFE_INTEGER));
  for (;;) {
    const newest = await reader.newest();
    const page = { after, except: [...known], limit: MANY, oldestFirst: true };
    const events = await reader.list({ ...filter, ...page });
    for (const event of events) {
      show(event);
      known.add(event.number);
    }
    const last = events.at(-1)?.number ?? 0;
    // A full list may not be the whole; and an event that is in another state now may come into the one that is asked for.
    const isAll = events.length < MANY && filter.state === undefined;
    const looked = isAll ? Math.max(newest, last) : last;
    after = Math.max(after, behind(looked, reader.lateMs));
    for (const number of known) if (number <= after) known.delete(number);
    await sleep(POLL_MS);
  }
}

/** Answers with the number above which an event may still become visible. */
function behind(number: number, lateMs: number): number {
  return lateMs === 0 ? number : Math.min(number, firstNumberAt(timeOfNumber(number) - lateMs));
}
