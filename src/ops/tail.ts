/**
 * `consignee events tail`: shows events as they come in. A verb of events.ts.
 *
 * If several replicas write, an event may become visible after one with a higher number. So `tail` looks back a while each
 * time, and remembers which events it has shown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { firstNumberAt, timeOfNumber } from '../inbox/event-id.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { EventSearch } from '../inbox/search.ts';
import type { EventSummary } from '../inbox/summary.ts';

const MANY = 10_000;
const POLL_MS = 500;

/** Never ends by itself. `mayComeLater`: an event that is there already may come into what is searched for. */
export async function tail(
  reader: InboxReader,
  search: EventSearch,
  mayComeLater: boolean,
  show: (event: EventSummary) => void,
): Promise<never> {
  let after = behind(await reader.newest(), reader.lateMs);
  // Events that are there already are not shown.
  const known = new Set(await reader.numbers(after, Number.MAX_SAFE_INTEGER));
  for (;;) {
    const newest = await reader.newest();
    const most = MANY + known.size;
    const found = await search.after(after, most);
    const events = found.filter(({ number }) => !known.has(number));
    for (const event of events) {
      show(event);
      known.add(event.number);
    }
    const last = found.at(-1)?.number ?? 0;
    // A full list may not be the whole.
    const isAll = found.length < most && !mayComeLater;
    const looked = isAll ? Math.max(newest, last) : (events.at(-1)?.number ?? 0);
    after = Math.max(after, behind(looked, reader.lateMs));
    for (const number of known) if (number <= after) known.delete(number);
    await sleep(POLL_MS);
  }
}

/** Answers with the number above which an event may still become visible. */
function behind(number: number, lateMs: number): number {
  return lateMs === 0 ? number : Math.min(number, firstNumberAt(timeOfNumber(number) - lateMs));
}
