/** `consignee events actions`: what people have ordered, the newest first, and cancels what is under way. A verb of events.ts. */
import { iso } from '../base/times.ts';
import { typed } from '../base/typed.ts';
import { amount, capitalized, counted } from '../base/words.ts';
import type { ActionRecord } from '../inbox/actions.ts';
import type { InboxReader } from '../inbox/reader.ts';
import { describeSelection } from '../inbox/selection-words.ts';
import type { Config } from '../serve/config/config.ts';
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
    return `actions cancel wants the number of an action, as ${typed('consignee events actions')} shows it`;
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

const PAST = { replay: 'replayed', discard: 'discarded' } as const;

/** `Action 7: 1,204 deliveries found, 1,198 replayed, 6 skipped, 0 failed.` */
export function actionEnd(action: ActionRecord): string {
  const { id, state, skipped, remark } = action;
  const lines = [`Action ${id}${state === 'cancelled' ? ' was cancelled' : ''}: ${numbersOf(action)}.`];
  if (skipped > 0) lines.push('Skipped is what changed meanwhile, is purged, or has a newer state.');
  if (remark !== null) lines.push(`${capitalized(remark)}.`);
  return lines.join('\n');
}

const ACTION_HEADER = ['ID', 'TIME (UTC)', 'WHO', 'WHAT', 'STATE'];

/** Two rows: the second one, below, says of which deliveries, and the numbers. */
function actionCells(action: ActionRecord): string[] {
  const { id, at, who, verb, state, about } = action;
  const isMany = verb === 'replay' || verb === 'discard';
  const what = isMany ? describeSelection(about) : (about.name ?? choiceIn(about));
  const reason = about.reason === undefined ? '' : `: ${about.reason}`;
  const numbers = isMany ? `; ${numbersOf(action)}` : '';
  const time = iso(at).slice(0, 19);
  return [String(id), `${time}Z`, who, verb, `${state}  ${what}${reason}${numbers}`];
}

function numbersOf({ verb, found, changed, skipped, failed }: ActionRecord): string {
  const shown = [
    `${counted(found, 'delivery', 'deliveries')} found`,
    `${amount(changed)} ${verb === 'discard' ? PAST.discard : PAST.replay}`,
    `${amount(skipped)} skipped`,
    `${amount(failed)} failed`,
  ];
  return shown.join(', ');
}

/** Which refused requests. */
function choiceIn({ source, code, address, ids }: ActionRecord['about']): string {
  const named = ids && counted(ids.length, 'request');
  return [source, code, address, named].filter((part) => part !== undefined).join(', ');
}
