/**
 * `consignee events tail`: shows events as they come in. A verb of events.ts.
 *
 * If several replicas write, an event may become visible after one with a higher number. So `tail` looks back a while each
 * time, and remembers which events it has shown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { firstNumberAt, timeOfNumber } from '../inbox/event-id.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { Selection } from '../inbox/selection.ts';
import { isOpenWork } from '../inbox/selection-sql.ts';
import { type Config, storedSourcesOf } from '../serve/config/config.ts';
import { eventCells } from './event-lines.ts';
import { sayRows } from './terminal.ts';

const MANY = 10_000;
const POLL_MS = 500;
/** Most providers’ types are not longer. */
const TYPE_WIDTH = 24;

/** Never ends by itself. */
export async function tail(
  reader: InboxReader,
  selection: Selection,
  json: boolean,
  { sources }: Config,
): Promise<never> {
  const search = reader.search(selection, storedSourcesOf(sources));
  // An event that is there already may come into what is searched for.
  const mayComeLater = isOpenWork(selection) || selection.state !== undefined;
  // Columns that are the same for all that may come.
  const least = [0, 0, Math.max(...sources.map(({ name }) => name.length)), TYPE_WIDTH];
  let after = behind(await reader.newest(), reader.lateMs);
  // Events that are there already are not shown.
  const known = new Set(await reader.numbers(after, Number.MAX_SAFE_INTEGER));
  for (;;) {
    const newest = await reader.newest();
    const most = MANY + known.size;
    const found = await search.after(after, most);
    const events = found.filter(({ number }) => !known.has(number));
    for (const event of events) {
      sayRows([event], json, eventCells, { least });
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
