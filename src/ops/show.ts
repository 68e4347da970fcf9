/** `consignee events show`: all that is known of an event, and the values by which it can be found. A verb of events.ts. */
import { numberOf } from '../inbox/event-id.ts';
import { cutItem, namesOfItem, partAt } from '../inbox/items.ts';
import type { InboxReader } from '../inbox/reader.ts';
import { keyValuesOf } from '../inbox/search-keys.ts';
import type { EventDetails, PurgedEvent } from '../inbox/summary.ts';
import type { Config } from '../serve/config/config.ts';
import { detailsOf, remainsOf } from './event-lines.ts';
import { complain, say, sayJson } from './terminal.ts';

const NO_BODY = Buffer.alloc(0);

export async function showEvents(
  reader: InboxReader,
  ids: readonly string[],
  values: { readonly body: boolean; readonly json: boolean },
  { sources }: Config,
): Promise<number> {
  for (const id of ids) {
    const found = await reader.show(numberOf(id) as number);
    const event = found && itemIn(found, sources);
    if (!event) return complain(`there is no event ${id} in this inbox`);
    if ('purged' in event) {
      if (values.json) sayJson(event);
      else if (!values.body) for (const line of remainsOf(event)) say(line);
      continue;
    }
    const { body } = event;
    const source = sources.find(({ name }) => name === event.source);
    const keys = keyValuesOf(source?.keys ?? {}, body ?? NO_BODY);
    if (values.body) process.stdout.write(body ?? NO_BODY);
    else if (values.json) sayJson({ ...event, keys: Object.fromEntries(keys), body: body?.toString() });
    else for (const line of detailsOf(event, keys)) say(line);
  }
  return 0;
}

/** What is told of an item is its own: its bytes, its id and its type, where the sources say that its event has it. */
function itemIn(event: EventDetails | PurgedEvent, sources: Config['sources']): EventDetails | PurgedEvent {
  if ('purged' in event || event.place === undefined || event.body === null) return event;
  const source = sources.find(({ name }) => name === event.source);
  const items = source?.preset.items ?? source?.routes.find((route) => route.items)?.items;
  const part = items && partAt(items, event.number, event.body, event.place);
  if (!part) return event;
  const body = cutItem(event.body, part);
  return { ...event, ...namesOfItem(items, body), body, bytes: body.length };
}
