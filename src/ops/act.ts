/**
 * `consignee events replay` and `discard` of many: counts what is selected, asks, orders it, and shows how far it has come. The
 * service carries it out (../inbox/actions.ts); where none runs, this command does. Called by change.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE_MS } from '../base/times.ts';
import { typed } from '../base/typed.ts';
import { amount, counted } from '../base/words.ts';
import {
  type ActionCounts,
  type ActionRecord,
  type ActionVerb,
  type ActionWish,
  countAction,
  flawInAction,
  nameByKey,
} from '../inbox/actions.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { Selection } from '../inbox/selection.ts';
import { describeSelection } from '../inbox/selection-words.ts';
import type { StoredSource } from '../inbox/stored-source.ts';
import { type Config, storedSourcesOf } from '../serve/config/config.ts';
import { actionEnd } from './actions.ts';
import { type Orders, openOrders, whoOrders } from './orders.ts';
import { mayAsk, Progress, personSays } from './person.ts';
import { complain, EXIT_USAGE, say, sayJson } from './terminal.ts';

export interface ActOptions {
  readonly yes: boolean;
  readonly 'dry-run': boolean;
  /** For what is over: the number that was counted. */
  readonly count?: string | undefined;
  readonly json: boolean;
}

/** So many events of one search key can be named. */
const NAMED_MOST = 1_000;
const HANDLERS_NAMED = 5;

export async function act(
  config: Config,
  reader: InboxReader,
  verb: ActionVerb,
  given: Selection,
  options: ActOptions,
): Promise<number> {
  const sources = storedSourcesOf(config.sources);
  const selection = await nameByKey(given, (asked) =>
    reader.search(asked, sources).page({ limit: NAMED_MOST }),
  );
  if (!selection)
    throw new Error(`more than ${NAMED_MOST} events have ${given.key}: narrow them down by --since`);
  const flaw = flawInAction({ verb, selection, found: 0 });
  if (flaw) return complain(`${verb} ${flaw}`, EXIT_USAGE);
  const all = await countAll(reader, sources, { verb, selection }, new Progress(options.json));
  const isTold = !options.json || options['dry-run'];
  if (options['dry-run'] && options.json) {
    sayJson({ verb, found: all.found, handlers: all.handlers });
  } else if (isTold) say(describeCount(verb, given, all));
  if (all.found === 0 || options['dry-run']) return 0;
  const refusal = await whyNot(given, all.found, options);
  if (refusal) return complain(refusal, EXIT_USAGE);
  const writer = await openOrders(config, await reader.id());
  const leave = new AbortController();
  const interrupt = () => leave.abort();
  process.once('SIGINT', interrupt);
  try {
    const { upTo, found } = all;
    const { id } = await writer.startAction({ verb, selection, upTo, found, who: whoOrders() });
    return await follow(reader, writer, id, leave.signal, options.json);
  } catch (error) {
    return complain((error as Error).message);
  } finally {
    process.off('SIGINT', interrupt);
    await writer.close();
  }
}

async function countAll(
  reader: InboxReader,
  sources: ReadonlyMap<string, StoredSource>,
  wish: Pick<ActionWish, 'verb' | 'selection'>,
  progress: Progress,
): Promise<ActionCounts> {
  const counts = await countAction(
    wish,
    (asked, after) => reader.actions.countStep(sources, asked, after),
    (found, last, upTo) => {
      progress.show(last, upTo, `${counted(found, 'delivery', 'deliveries')} so far`);
      return true;
    },
  );
  progress.clear();
  return counts as ActionCounts;
}

function describeCount(verb: ActionVerb, given: Selection, { handlers, found }: ActionCounts): string {
  const which = describeSelection(given);
  if (found === 0) return `Nothing is selected (${which}).`;
  const most = Object.entries(handlers).toSorted(([, one], [, other]) => other - one);
  const named = most.slice(0, HANDLERS_NAMED).map(([handler, count]) => `${handler} ${amount(count)}`);
  const others = most.length > HANDLERS_NAMED ? ', …' : '';
  const deliveries = counted(found, 'delivery', 'deliveries');
  return `${verb}s ${deliveries} of ${counted(most.length, 'handler')}: ${named.join(', ')}${others} (${which})`;
}

/** Undefined if the person, or the script, means it. */
async function whyNot(
  { state }: Selection,
  found: number,
  { yes, count }: ActOptions,
): Promise<string | undefined> {
  const isOver = state === 'done' || state === 'discarded';
  const shown = amount(found);
  if (count !== undefined && count !== String(found))
    return `it is ${found} now, not ${count}: nothing has changed`;
  if (isOver && yes && count === undefined)
    return `what is ${state} is done again only with the number that was counted: --yes --count ${found}`;
  if (yes) return undefined;
  if (!mayAsk()) {
    const how = isOver ? `--yes --count ${found}` : '--yes';
    return `nobody is here to be asked: say ${how} if you mean it, or --dry-run to see what it would be`;
  }
  const isMeant = isOver
    ? await personSays(
        `These ${shown} are ${state}, and are to be done again. Type the number to go on: `,
        String(found),
      )
    : await personSays('Go on? [y/N] ', 'y');
  return isMeant ? undefined : 'nothing has changed';
}

const LOOK_MS = 250;
const STEP_REST_MS = 10;
/** Nothing has moved for so long: whoever should carry it out does not run. */
const STILL_MS = MINUTE_MS;
const INTERRUPTED = 130;

/** Until it has ended, or the person has seen enough. Takes part in it, where that is for this process to do. */
async function follow(
  reader: InboxReader,
  writer: Orders,
  id: number,
  leave: AbortSignal,
  json: boolean,
): Promise<number> {
  const progress = new Progress(json);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let movedAt = performance.now();
  let before = '';
  while (!leave.aborted && performance.now() - movedAt < STILL_MS) {
    const step = await writer.stepAction();
    if (performance.now() - lookedAt >= LOOK_MS) {
      lookedAt = performance.now();
      const action = (await reader.actions.one(id)) as ActionRecord;
      if (action.state !== 'running') return end(action, progress, json);
      const { changed, skipped, failed, found } = action;
      const now = JSON.stringify(action);
      if (now !== before) movedAt = lookedAt;
      before = now;
      const part = changed + skipped + failed;
      progress.show(part, found, `${amount(part)} of ${amount(found)}`);
    }
    await sleep(step === 'stepped' ? STEP_REST_MS : LOOK_MS);
  }
  progress.clear();
  const how = `${typed('consignee events actions')} shows how far it is, and ${typed(`consignee events actions cancel ${id}`)} ends it`;
  if (leave.aborted) return complain(`action ${id} goes on in the service: ${how}`, INTERRUPTED);
  return complain(`action ${id} has not moved for a minute, and goes on when the service does: ${how}`);
}

function end(action: ActionRecord, progress: Progress, json: boolean): number {
  progress.clear();
  if (json) sayJson(action);
  else say(actionEnd(action));
  return action.state === 'done' && action.failed === 0 ? 0 : 1;
}
