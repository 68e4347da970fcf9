/** `consignee events actions`: what people have ordered, the newest first, and cancels what is under way. A verb of events.ts. */
import type { InboxReader } from '../inbox/reader.ts';
import type { Config } from '../serve/config/config.ts';
import { ACTION_HEADER, actionCells, actionEnd } from './action-lines.ts';
import { openOrders, whoOrders } from './orders.ts';
import { columns, complain, say, sayJson } from './terminal.ts';

interface ActionsOptions {
  readonly limit: number;
  readonly json: boolean;
}

/** What is wrong with what is asked for. */
export function mistakeInActions([verb, id, ...more]: readonly string[]): string | undefined {
  if (verb === undefined) return undefined;
  if (verb !== 'cancel') return `events actions has no verb ${verb}`;
  if (id === undefined || !/^[1-9]\d{0,14}$/.test(id) || more.length > 0)
    return 'actions cancel wants the number of an action, as consignee events actions shows it';
  return undefined;
}

export async function actions(
  config: Config,
  reader: InboxReader,
  [verb, id]: readonly string[],
  { limit, json }: ActionsOptions,
): Promise<number> {
  if (verb === 'cancel') return await cancel(config, reader, Number(id), json);
  const all = await reader.actions.list(limit);
  if (json) for (const action of all) sayJson(action);
  else if (all.length === 0) say('Nothing has been ordered.');
  else for (const line of columns([ACTION_HEADER, ...all.map(actionCells)])) say(line);
  return 0;
}

async function cancel(config: Config, reader: InboxReader, id: number, json: boolean): Promise<number> {
  const writer = await openOrders(config, await reader.id());
  try {
    const action = await writer.cancelAction(id, whoOrders());
    if (json) sayJson(action);
    else say(actionEnd(action));
    return 0;
  } catch (error) {
    return complain((error as Error).message);
  } finally {
    await writer.close();
  }
}
