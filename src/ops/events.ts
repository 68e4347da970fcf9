/**
 * `consignee events`: looks into the inbox, beside the running service or without it.
 *
 * The verbs that only look read the database by themselves. change.ts is for those that change something.
 */
import { parseArgs } from 'node:util';
import type { ActionVerb } from '../inbox/actions.ts';
import { numberOf } from '../inbox/event-id.ts';
import { actions, mistakeInActions } from './actions.ts';
import { change } from './change.ts';
import { showFailures } from './failures.ts';
import { findEvents, listEvents } from './list.ts';
import { readInbox } from './orders.ts';
import { mistakeInRefused, refused } from './refused.ts';
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
import { FLAG, misused, TEXT } from './terminal.ts';
import { verify } from './verify.ts';

export const usage = `Usage: npm run events -- <verb>

  list [which] [--limit N]     which events there are, newest first, 20 a page;
                               --cursor ID goes on with those before that event
  find TEXT                    by an id, ours or theirs, a tracking number,
                               an order
  show ID… [--body]            all of one event; --body writes the exact bytes
  replay ID… | [which]         give it to its handlers again; --state pending:
                               now what waits for its time
  discard ID… | [which]        take it off the handlers' list; the event stays
    --dry-run  --yes           of many: only count; do not ask. Of what is done
                               also --count N, as it was counted
  actions | actions cancel N   what was ordered, and how far it has come
  tail [which]                 follow what comes in
  failures                     what failed alike, in groups; --handler, --since
  verify ID… | --all           whether what is stored is what was received
  rescue --to NEW              save what can be read of an SQLite inbox that is
                               damaged or deleted into a new file
  refused list | failures | show ID… | recheck [ID…] | discard …
                               what was refused, and whether it passes by now
    --source, --limit          which, and how many
    --tolerance 2h             recheck: signed times may be so far off, since
                               the clock was wrong when they came
    --checks-of-now            recheck: also what fails a check that was
                               enforced when it came, and is not any more
    --code C --address IP      discard: which, unless ids are given; --dry-run,
                               --yes

${SELECTING_USAGE}
  --json                 one JSON object a line; of a full page the last line's
                         id is the --cursor of the next one
`;
const SELECTED = [...SELECTING_NAMES, 'json'];
const CHANGED = [...SELECTED, 'yes', 'dry-run', 'count'];
const OF_REFUSED = [
  'source',
  'limit',
  'checks-of-now',
  'tolerance',
  'json',
  'body',
  'code',
  'address',
  'yes',
  'dry-run',
];
/** The verbs, and the options that each takes; what another is given is refused. */
const TAKES: ReadonlyMap<string, readonly string[]> = new Map([
  ['list', [...SELECTED, 'limit', 'cursor']],
  ['find', ['json']],
  ['failures', ['handler', 'since', 'json']],
  ['show', ['body', 'json']],
  ['replay', CHANGED],
  ['discard', CHANGED],
  ['actions', ['limit', 'json']],
  ['tail', SELECTED.filter((name) => name !== 'since' && name !== 'until')],
  ['verify', ['all', 'json']],
  ['rescue', ['to', 'json']],
  ['refused', OF_REFUSED],
]);
const CHANGING: readonly string[] = ['replay', 'discard'] satisfies ActionVerb[];
const PAGE = 20;

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
      yes: FLAG,
      'dry-run': FLAG,
      count: TEXT,
      code: TEXT,
      address: TEXT,
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
  return await readInbox(config, async (reader) => {
    warnOfUnknown(selection, config);
    if (verb === 'list')
      return await listEvents(reader, selection, { ...values, limit: limitIn(values), args }, config);
    if (verb === 'find') return await findEvents(reader, String(ids[0]), values.json, config);
    if (verb === 'failures') return await showFailures(reader, selection, values.json);
    if (verb === 'show') return await showEvents(reader, ids, values, config);
    if (verb === 'verify')
      return await verify(
        reader,
        ids.map((id) => numberOf(id) as number),
        config,
        values,
      );
    if (verb === 'tail') return await tail(reader, selection, values.json, config);
    if (verb === 'actions') return await actions(config, reader, ids, { ...values, limit: limitIn(values) });
    return await change(config, reader, verb as ActionVerb, selection, { ...values, ids });
  });
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
  if (verb === 'actions') return mistakeInActions(ids);
  if (verb === 'find')
    return ids.length === 1 ? undefined : 'find wants one text: an id, a tracking number, an order';
  const item = ids.find((id) => id.includes('-') && numberOf(id) !== undefined);
  const isByIdAlone = !SELECTING_NAMES.some((name) => name !== 'handler' && values[name as keyof Values]);
  if (item !== undefined && verb !== 'show' && !(CHANGING.includes(verb) && isByIdAlone))
    return `${item} is an item of an event: name the event, ${item.split('-')[0]}`;
  const wrong = ids.find((id) => numberOf(id) === undefined);
  if (wrong !== undefined) return `${wrong} is not an event id; they look like evt_0c5f2a9b3d4e01`;
  const needsId = verb === 'show' || (verb === 'verify' && !values.all);
  if (needsId && ids.length === 0) return `${verb} wants an event id`;
  return undefined;
}

const limitIn = ({ limit }: Values) => Number(limit ?? PAGE);
