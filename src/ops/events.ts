/**
 * `consignee events`: looks into the inbox, beside the running service or without it.
 *
 * The verbs that only look read the database by themselves. orders.ts carries out those that change something.
 */
import { parseArgs } from 'node:util';
import type { Order } from '../inbox/contract.ts';
import { driverOf } from '../inbox/driver.ts';
import { numberOf } from '../inbox/event-id.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { Selection } from '../inbox/selection.ts';
import type { Config } from '../serve/config/config.ts';
import { storedSourcesOf } from '../serve/config/stored-sources.ts';
import { findEvents, listEvents } from './list.ts';
import { giveOrders } from './orders.ts';
import { readSeconds, refused } from './refused.ts';
import { rescue } from './rescue.ts';
import {
  SELECTING,
  SELECTING_NAMES,
  SELECTING_USAGE,
  selectionIn,
  untakenOption,
  warnOfUnknown,
} from './selecting.ts';
import { readSettings, sound } from './settings.ts';
import { showEvents } from './show.ts';
import { tail } from './tail.ts';
import { complain, FLAG, misused, say, sayJson, sayWrong, spelled, TEXT } from './terminal.ts';
import { verify } from './verify.ts';

export const usage = `Usage: npm run events -- <verb>

  list [which] [--limit N]     which events there are, newest first, 20 a page;
                               --cursor ID goes on with those before that event
  find TEXT                    by an id, ours or theirs, a tracking number, an order
  show ID… [--body]            all of one event; --body writes the exact bytes
  replay ID… | --state dead|held      give it to its handlers again
  discard ID… | --state dead|held     take it off the handlers' list; the event stays until its retention
  tail [which]                 follow what comes in
  verify ID… | --all                  whether what is stored is what was received
  rescue --to NEW                     save what can be read of a damaged or deleted SQLite inbox into a new file
  refused list | show ID… | recheck [ID…]   what was refused as unproven, and whether it passes by now
    --tolerance 2h                    recheck: signed times may be so far off, since the clock was wrong when they came
    --checks-of-now                   recheck: also what fails a check that was enforced when it came, and is not any more

${SELECTING_USAGE}
  --json                 one JSON object a line; of a full page the last line's id
                         is the --cursor of the next one
`;
const SELECTED = [...SELECTING_NAMES, 'json'];
const RECHECKED = ['source', 'limit', 'checks-of-now', 'tolerance', 'json', 'body'];
/** The verbs, and the options that each takes; what another is given is refused. */
const TAKES: ReadonlyMap<string, readonly string[]> = new Map([
  ['list', [...SELECTED, 'limit', 'cursor']],
  ['find', ['json']],
  ['show', ['body', 'json']],
  ['replay', SELECTED],
  ['discard', SELECTED],
  ['tail', SELECTED.filter((name) => name !== 'since' && name !== 'until')],
  ['verify', ['all', 'json']],
  ['rescue', ['to', 'json']],
  ['refused', RECHECKED],
]);
const PAGE = 20;
const MANY = 10_000;

type Values = ReturnType<typeof parseEvents>['values'];

function parseEvents(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...SELECTING,
      limit: TEXT,
      cursor: TEXT,
      body: FLAG,
      all: FLAG,
      to: TEXT,
      'checks-of-now': FLAG,
      tolerance: TEXT,
      json: FLAG,
      config: TEXT,
    },
  });
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseEvents(args);
  const [verb = '', ...ids] = positionals;
  const mistake = mistakeInEvents(verb, ids, values);
  if (mistake) return misused(mistake, usage);
  const selection = selectionIn(values, ['list', 'tail', 'replay', 'discard'].includes(verb) ? ids : []);
  if (typeof selection === 'string') return misused(selection, usage);
  const { config } = sound(await readSettings(values.config));
  if (verb === 'refused') {
    const [what = '', ...of] = ids;
    return await refused(what, of, config, { ...values, limit: limitIn(values) });
  }
  if (verb === 'rescue') return await rescue(config, String(values.to), values.json);
  const driver = driverOf(config.database);
  const reader = await driver.openReader();
  if (!reader) {
    return complain(`there is no inbox at ${driver.place} yet: it is made when the service first starts`);
  }
  try {
    const numbers = ids.map((id) => numberOf(id) as number);
    warnOfUnknown(selection, config);
    if (verb === 'list')
      return await listEvents(reader, selection, { ...values, limit: limitIn(values), args }, config);
    if (verb === 'find') return await findEvents(reader, String(ids[0]), values.json, config);
    if (verb === 'show') return await showEvents(reader, ids, values, config);
    if (verb === 'verify') return await verify(reader, numbers, config, values);
    if (verb === 'tail') return await tail(reader, selection, values.json, config);
    return await change(config, reader, verb as Order['action'], selection, values);
  } finally {
    await reader.close();
  }
}

function mistakeInEvents(verb: string, ids: readonly string[], values: Values): string | undefined {
  const takes = TAKES.get(verb);
  if (!takes) return `events has no verb ${verb || '(none)'}`;
  const untaken = untakenOption(verb, takes, values);
  if (untaken) return untaken;
  if (verb === 'refused') return mistakeInRefused(ids, values);
  if (verb === 'rescue' && !values.to)
    return 'rescue wants --to and the path of a file that is not there yet';
  if (!/^[1-9]\d{0,5}$/.test(values.limit ?? '1')) return '--limit wants a whole number from 1 to 999999';
  if (values.cursor !== undefined && numberOf(values.cursor) === undefined)
    return '--cursor wants the id of an event: the last of the page before';
  if (verb === 'find')
    return ids.length === 1 ? undefined : 'find wants one text: an id, a tracking number, an order';
  const wrong = ids.find((id) => numberOf(id) === undefined);
  if (wrong !== undefined) return `${wrong} is not an event id; they look like evt_0c5f2a9b3d4e01`;
  const needsId =
    verb === 'show' ||
    (verb === 'verify' && !values.all) ||
    ((verb === 'replay' || verb === 'discard') && values.state === undefined);
  if (needsId && ids.length === 0) return `${verb} wants an event id`;
  return undefined;
}

function mistakeInRefused([what = '', ...ids]: readonly string[], values: Values): string | undefined {
  if (!['list', 'show', 'recheck'].includes(what)) return `events refused has no verb ${what || '(none)'}`;
  if (what === 'show' && ids.length === 0)
    return 'refused show wants the id of a refusal, as in ref_0c5f2a9b3d4e0112';
  if (values['checks-of-now'] && ids.length === 0 && values.source === undefined)
    return '--checks-of-now wants the ids of the refusals, or --source';
  if (values.tolerance !== undefined && readSeconds(values.tolerance) === undefined)
    return '--tolerance wants a time, as in 90s, 30m, 2h or 1d';
  return undefined;
}

const limitIn = ({ limit }: Values) => Number(limit ?? PAGE);

async function change(
  config: Config,
  reader: InboxReader,
  action: Order['action'],
  selection: Selection,
  values: Values,
): Promise<number> {
  const { numbers: named = [], handler: only, ...others } = selection;
  const search = reader.search(selection, storedSourcesOf(config.sources));
  const found = Object.keys(others).length === 0 ? undefined : await search.page({ limit: MANY });
  const numbers = found?.events.map(({ number }) => number) ?? named;
  const handler = only === undefined ? {} : { handler: only };
  const orders = numbers.map((event): Order => ({ action, event, ...handler }));
  const results = await giveOrders(config, await reader.id(), orders);
  let failed = 0;
  for (const { id, changed, error } of results) {
    if (error !== undefined) failed++;
    if (values.json) sayJson({ id, action, changed, error });
    else if (error !== undefined) sayWrong(`${id}  ${error}`);
    else say(`${id}  ${said(action, changed)}`);
  }
  if (results.length === 0) say('No events.');
  return failed === 0 ? 0 : 1;
}

function said(action: Order['action'], changed: number): string {
  const handlers = spelled(changed, 'handler');
  if (action === 'replay') return `goes to ${handlers} again`;
  return changed === 0 ? 'was on no handler’s list' : `taken off the list of ${handlers}`;
}
