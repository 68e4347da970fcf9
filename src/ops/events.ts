/**
 * `consignee events`: looks into the inbox, beside the running service or without it.
 *
 * The verbs that only look read the database by themselves. orders.ts carries out those that change something.
 */
import { parseArgs } from 'node:util';
import { driverOf } from '../inbox/driver.ts';
import { numberOf } from '../inbox/event-id.ts';
import { EVENT_STATE_NAMES } from '../inbox/event-states.ts';
import { carryOutEach, type Order } from '../inbox/order.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { EventSummary } from '../inbox/summary.ts';
import type { Config } from '../serve/config/config.ts';
import { detailsOf, eventCells, remainsOf } from './event-lines.ts';
import { openOrders, whoOrders } from './orders.ts';
import { readSeconds, refused } from './refused.ts';
import { rescue } from './rescue.ts';
import { readSettings, sound } from './settings.ts';
import { tail } from './tail.ts';
import { complain, FLAG, misused, say, sayJson, sayRows, sayWrong, spelled, TEXT } from './terminal.ts';
import { verify } from './verify.ts';

export const usage = `Usage: npm run events -- <verb>

  list [--state S] [--source NAME] [--type T] [--limit N]   newest first
  show ID [--body]                    one event: its handlers, attempts and headers; --body writes the exact bytes
  replay ID… | --state dead|held      give it to its handlers again
  discard ID… | --state dead|held     take it off the handlers' list; the event stays until its retention
  tail [--source NAME]                follow what comes in
  verify ID… | --all                  whether what is stored is what was received
  rescue --to NEW                     save what can be read of a damaged or deleted SQLite inbox into a new file
  refused list | show ID… | recheck [ID…]   what was refused as unproven, and whether it passes by now
    --tolerance 2h                    recheck: signed times may be so far off, since the clock was wrong when they came
    --checks-of-now                   recheck: also what fails a check that was enforced when it came, and is not any more

  S is ${EVENT_STATE_NAMES.join(', ').replace(/, (?=\w+$)/, ' or ')}.
  --handler SOURCE/NAME   replay or discard for this handler only
  --json                  one JSON object a line
`;
const MANY = 10_000;
/** Most providers’ types are not longer. */
const TYPE_WIDTH = 24;

type Values = ReturnType<typeof parseEvents>['values'];

function parseEvents(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      state: TEXT,
      source: TEXT,
      type: TEXT,
      handler: TEXT,
      limit: { ...TEXT, default: '20' },
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
  const { config } = sound(await readSettings(values.config));
  if (verb === 'refused') {
    const [what = '', ...of] = ids;
    return await refused(what, of, config, { ...values, limit: Number(values.limit) });
  }
  if (verb === 'rescue') return await rescue(config, String(values.to), values.json);
  const driver = driverOf(config.database);
  const reader = await driver.openReader();
  if (!reader) {
    return complain(`there is no inbox at ${driver.place} yet: it is made when the service first starts`);
  }
  try {
    const numbers = ids.map((id) => numberOf(id) as number);
    if (verb === 'list') return await listEvents(reader, values, config);
    if (verb === 'show') return await showEvents(reader, ids, values);
    if (verb === 'verify') return await verify(reader, numbers, config, values);
    if (verb === 'tail')
      return await tail(reader, filterOf(values), (event) => printEvents([event], values.json, config));
    return await change(config, reader, verb as Order['action'], numbers, values);
  } finally {
    await reader.close();
  }
}

function mistakeInEvents(verb: string, ids: readonly string[], values: Values): string | undefined {
  if (!['list', 'show', 'replay', 'discard', 'tail', 'verify', 'rescue', 'refused'].includes(verb))
    return `events has no verb ${verb || '(none)'}`;
  if (verb === 'refused') return mistakeInRefused(ids, values);
  if (verb === 'rescue' && !values.to)
    return 'rescue wants --to and the path of a file that is not there yet';
  if (values.state !== undefined && !EVENT_STATE_NAMES.some((state) => state === values.state))
    return `there is no state ${values.state}`;
  if (!/^[1-9]\d{0,5}$/.test(values.limit)) return '--limit wants a whole number from 1 to 999999';
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

function filterOf({ source, type, state }: Values) {
  return { ...(source && { source }), ...(type && { type }), ...(state && { state }) };
}

async function listEvents(reader: InboxReader, values: Values, config: Config): Promise<number> {
  const events = await reader.list({ ...filterOf(values), limit: Number(values.limit) });
  printEvents(events, values.json, config);
  if (events.length === 0 && !values.json) say('No events.');
  return 0;
}

/** Prints one JSON object a line, or columns that are the same for all events of these sources. */
function printEvents(events: readonly EventSummary[], json: boolean, { sources }: Config): void {
  const least = [0, 0, Math.max(...sources.map(({ name }) => name.length)), TYPE_WIDTH];
  sayRows(events, json, eventCells, { least });
}

async function showEvents(reader: InboxReader, ids: readonly string[], values: Values): Promise<number> {
  for (const id of ids) {
    const event = await reader.show(numberOf(id) as number);
    if (!event) return complain(`there is no event ${id} in this inbox`);
    const body = 'body' in event ? event.body : null;
    if (values.body) process.stdout.write(body ?? '');
    else if (values.json) sayJson({ ...event, body: body?.toString() });
    else for (const line of 'purged' in event ? remainsOf(event) : detailsOf(event)) say(line);
  }
  return 0;
}

async function change(
  config: Config,
  reader: InboxReader,
  action: Order['action'],
  named: readonly number[],
  values: Values,
): Promise<number> {
  const listed = values.state === undefined ? [] : await reader.list({ ...filterOf(values), limit: MANY });
  const numbers = [...named, ...listed.map(({ number }) => number)];
  const handler = values.handler === undefined ? {} : { handler: values.handler };
  const orders = numbers.map((event): Order => ({ action, event, ...handler, who: whoOrders() }));
  const writer = await openOrders(config, await reader.id());
  const results = await carryOutEach(orders, (order) => writer.order(order)).finally(() => writer.close());
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
