/**
 * `consignee events replay` and `discard`: events that are named are changed at once, one after the other; what is selected in
 * any other way is an action (act.ts). Verbs of events.ts.
 */
import { spelled } from '../base/words.ts';
import { carryOutEach, type Order } from '../inbox/order.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { Selection } from '../inbox/selection.ts';
import type { Config } from '../serve/config/config.ts';
import { type ActOptions, act } from './act.ts';
import { openOrders, whoOrders } from './orders.ts';
import { complain, EXIT_USAGE, say, sayJson, sayWrong } from './terminal.ts';

export async function change(
  config: Config,
  reader: InboxReader,
  action: Order['action'],
  selection: Selection,
  options: ActOptions & { readonly ids: readonly string[] },
): Promise<number> {
  const { numbers = [], handler: only, ...others } = selection;
  if (numbers.length === 0 || Object.keys(others).length > 0) {
    return await act(config, reader, action, selection, options);
  }
  if (options['dry-run'] || options.count !== undefined) {
    return complain(
      `--dry-run and --count are for what is selected: these are ${numbers.length}`,
      EXIT_USAGE,
    );
  }
  const handler = only === undefined ? {} : { handler: only };
  const orders = numbers.map((event): Order => ({ action, event, ...handler, who: whoOrders() }));
  const writer = await openOrders(config, await reader.id());
  const results = await carryOutEach(orders, (order) => writer.order(order)).finally(() => writer.close());
  let failed = 0;
  for (const [at, { changed, error }] of results.entries()) {
    const id = options.ids[at] as string;
    if (error !== undefined) failed++;
    if (options.json) sayJson({ id, action, changed, error });
    else if (error !== undefined) sayWrong(`${id}  ${error}`);
    else say(`${id}  ${said(action, changed)}`);
  }
  return failed === 0 ? 0 : 1;
}

function said(action: Order['action'], changed: number): string {
  const handlers = spelled(changed, 'handler');
  if (action === 'replay') return `goes to ${handlers} again`;
  return changed === 0 ? 'was on no handler’s list' : `taken off the list of ${handlers}`;
}
