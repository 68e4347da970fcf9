/**
 * Finds events by what people have in their hands: an id of ours or of the provider, a tracking number, an order. Each way is an index;
 * the first by which anything is found is the answer. Used by `consignee events find` and the search box of the console.
 */
import { numberOf } from './event-id.ts';
import type { InboxReader } from './reader.ts';
import type { Page } from './search.ts';
import type { Selection } from './selection.ts';
import type { StoredSource } from './stored-source.ts';

export interface FoundEvents {
  readonly way: 'id' | 'their id' | 'key';
  readonly selection: Selection;
  readonly page: Page;
}

export async function findByText(
  reader: InboxReader,
  sources: ReadonlyMap<string, StoredSource>,
  text: string,
  limit: number,
): Promise<FoundEvents | undefined> {
  // An item is found with its event.
  const number = numberOf(text.split('-')[0] as string);
  const ways: readonly (readonly [FoundEvents['way'], Selection])[] =
    number === undefined
      ? [
          ['their id', { externalId: text }],
          ['key', { key: text }],
        ]
      : [['id', { numbers: [number] }]];
  for (const [way, selection] of ways) {
    const page = await reader.search(selection, sources).page({ limit });
    if (page.events.length > 0) return { way, selection, page };
  }
  return undefined;
}
