/**
 * `consignee events`: looks into the inbox, beside the running service or without it.
 *
 * What only looks reads the database; how what changes something is carried out, orders.ts knows.
 */
import { parseArgs } from 'node:util';
import { clean } from '../base/log/redact.ts';
import type { Order } from '../inbox/contract.ts';
import { numberOf } from '../inbox/event-id.ts';
import { EVENT_STATE_NAMES } from '../inbox/event-states.ts';
import {
  type AttemptRecord,
  type EventDetails,
  type EventSummary,
  type InboxReader,
  openReader,
  type PurgedEvent,
} from '../inbox/reader.ts';
import type { Config } from '../serve/config/config.ts';
import { placeOf } from '../serve/config/database.ts';
import { carryOut } from './orders.ts';
import { REFUSED_VERBS, refused } from './refused.ts';
import { readSettings, sound, usesDotenv } from './settings.ts';
import { tail } from './tail.ts';
import { verify } from './verify.ts';

export const usage = `Usage: npm run events -- <verb>

  list [--state S] [--source NAME] [--type T] [--limit N]   newest first
  show ID [--body]                    one event: its handlers, attempts and headers; --body writes the exact bytes
  replay ID… | --state dead|held      give it to its handlers again
  discard ID… | --state dead|held     take it off the handlers' list; the event stays until its retention
  tail [--source NAME]                follow what comes in
  verify ID… | --all                  whether what is stored is what was received
  refused list | show ID | recheck    what was refused as unproven, and whether it passes by now

  S is ${EVENT_STATE_NAMES.join(', ').replace(/, (?=\w+$)/, ' or ')}.
  --handler SOURCE/NAME   replay or discard for this handler only
  --json                  one JSON object a line
`;
const MANY = 10_000;

type Values = ReturnType<typeof parse>['values'];

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      state: { type: 'string' },
      source: { type: 'string' },
      type: { type: 'string' },
      handler: { type: 'string' },
      limit: { type: 'string', default: '20' },
      body: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      config: { type: 'string' },
    },
  });
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb = '', ...ids] = positionals;
  const mistake = mistakeIn(verb, ids, values);
  if (mistake) return complain(`${mistake}\n\n${usage}`, 64);
  const { config } = sound(await readSettings(values.config, usesDotenv()));
  if (verb === 'refused') {
    const [what = '', ...of] = ids;
    return await refused(what, of, config, { ...values, limit: Number(values.limit) });
  }
  const reader = await openReader(config.database);
  if (!reader) {
    const place = placeOf(config.database);
    return complain(`there is no inbox at ${place} yet: it is made when the service first starts`, 1);
  }
  try {
    return await carryOutVerb(reader, verb, ids, config, values);
  } finally {
    await reader.close();
  }
}

async function carryOutVerb(
  reader: InboxReader,
  verb: string,
  ids: readonly string[],
  config: Config,
  values: Values,
): Promise<number> {
  const numbers = ids.map((id) => numberOf(id) as number);
  if (verb === 'list') return await list(reader, values);
  if (verb === 'show') return await show(reader, ids, values);
  if (verb === 'verify') return await verify(reader, numbers, config, values);
  if (verb === 'tail') return await tail(reader, filterOf(values), (event) => print(event, values.json));
  return await change(config, reader, verb as Order['action'], numbers, values);
}

function mistakeIn(verb: string, ids: readonly string[], values: Values): string | undefined {
  if (!['list', 'show', 'replay', 'discard', 'tail', 'verify', 'refused'].includes(verb))
    return `events has no verb ${verb || '(none)'}`;
  if (verb === 'refused') return mistakeInRefused(ids);
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

function mistakeInRefused([what = '', ...ids]: readonly string[]): string | undefined {
  if (!REFUSED_VERBS.includes(what)) return `events refused has no verb ${what || '(none)'}`;
  if (what === 'show' && ids.length === 0)
    return 'refused show wants the id of a refusal, as in ref_0c5f2a9b3d4e0112';
  return undefined;
}

function complain(message: string, exitCode: number): number {
  process.stderr.write(`consignee: ${message}\n`);
  return exitCode;
}

function filterOf(values: Values) {
  const { source, type, state } = values;
  return { ...(source && { source }), ...(type && { type }), ...(state && { state }) };
}

async function list(reader: InboxReader, values: Values): Promise<number> {
  const events = await reader.list({ ...filterOf(values), limit: Number(values.limit) });
  for (const event of events) print(event, values.json);
  if (events.length === 0 && !values.json) process.stdout.write('No events.\n');
  return 0;
}

async function show(reader: InboxReader, ids: readonly string[], values: Values): Promise<number> {
  for (const id of ids) {
    const event = await reader.show(numberOf(id) as number);
    if (!event) return complain(`there is no event ${id} in this inbox`, 1);
    const body = 'body' in event ? event.body : null;
    if (values.body) process.stdout.write(body ?? '');
    else if (values.json) process.stdout.write(`${JSON.stringify({ ...event, body: body?.toString() })}\n`);
    else process.stdout.write('purged' in event ? remains(event) : details(event));
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
  const orders = numbers.map((event): Order => ({ action, event, ...handler }));
  const results = await carryOut(config, await reader.id(), orders);
  let failed = 0;
  for (const { id, changed, error } of results) {
    if (error !== undefined) failed++;
    if (values.json) process.stdout.write(`${JSON.stringify({ id, action, changed, error })}\n`);
    else if (error !== undefined) process.stderr.write(`${id}  ${error}\n`);
    else process.stdout.write(`${id}  ${said(action, changed)}\n`);
  }
  if (results.length === 0) process.stdout.write('No events.\n');
  return failed === 0 ? 0 : 1;
}

function said(action: Order['action'], changed: number): string {
  const handlers = changed === 1 ? 'one handler' : `${changed} handlers`;
  if (action === 'replay') return `goes to ${handlers} again`;
  return changed === 0 ? 'was on no handler’s list' : `taken off the list of ${handlers}`;
}

function print(event: EventSummary, json: boolean): void {
  const { id, receivedAt, source, type, handlers, held } = event;
  if (json) return void process.stdout.write(`${JSON.stringify(event)}\n`);
  const states = handlers.map(({ handler, state }) => `${handler.split('/')[1]}: ${state}`).join(', ');
  const why = held === null ? '' : `  (${held})`;
  process.stdout.write(
    `${id}  ${receivedAt}  ${source.padEnd(9)} ${clean(type ?? '-').padEnd(32)} ${states}${why}\n`,
  );
}

function details(event: EventDetails): string {
  const lines = [
    `${event.id}`,
    `  received   ${event.receivedAt} from ${event.address}`,
    `  source     ${event.source}`,
    `  type       ${clean(event.type ?? '-')}`,
    `  their id   ${clean(event.externalId ?? '-')}`,
    `  body       ${event.bytes === null ? 'purged' : `${event.bytes} bytes`}`,
  ];
  if (event.held !== null) lines.push(`  held       ${event.held}`);
  for (const { handler, state, attempts, due } of event.handlers) {
    lines.push(
      `  ${handler.padEnd(10)} ${state}, attempts: ${attempts}${due === null ? '' : `, due ${due}`}`,
    );
  }
  lines.push('  attempts');
  for (const attempt of event.attempts) lines.push(...attemptLines(attempt));
  lines.push('  headers');
  for (const [name, value] of Object.entries(event.headers ?? {})) lines.push(`    ${name}: ${clean(value)}`);
  return `${lines.join('\n')}\n`;
}

function remains({ id, receivedAt }: PurgedEvent): string {
  return [
    `${id}`,
    `  received   ${receivedAt}`,
    '  body       purged, with all the rest; its id is kept to tell duplicates by\n',
  ].join('\n');
}

function attemptLines({ startedAt, handler, attempt, outcome, ms, status, error, output }: AttemptRecord) {
  const parts = [startedAt, handler, `#${attempt}`, outcome, `${ms} ms`, status ?? '', clean(error ?? '')];
  const lines = [`    ${parts.filter((part) => part !== '').join('  ')}`];
  for (const line of (output ?? '').split('\n').filter((text) => text.trim() !== '')) {
    lines.push(`      | ${clean(line)}`);
  }
  return lines;
}
