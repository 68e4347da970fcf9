/**
 * `consignee events refused`: lists the requests that were refused as unproven, shows one, and has them judged again. A verb
 * of events.ts. `list` and `show` read the file that keeps them; `recheck` asks the running service, which has the secrets.
 */
import { clean } from '../base/log/redact.ts';
import { readSpan } from '../base/times.ts';
import { capitalized, spelled } from '../base/words.ts';
import type { Rechecked } from '../inbox/refused/judging.ts';
import { LOSS_REASONS } from '../inbox/refused/losses.ts';
import {
  type LostGroup,
  type RefusedDetails,
  type RefusedGroup,
  RefusedReader,
} from '../inbox/refused/reader.ts';
import { shownBody } from '../inbox/refused/shown.ts';
import type { Config } from '../serve/config/config.ts';
import { sourceNamed } from '../serve/config/source.ts';
import { fixFor, refusalOf } from '../verify/refusals.ts';
import { showRefusedFailures } from './failures.ts';
import { askConsole, readInbox } from './orders.ts';
import { discardRefused } from './refused-discard.ts';
import { complain, say, sayJson, sayProse, sayRows } from './terminal.ts';

interface RefusedOptions {
  readonly source?: string;
  readonly limit: number;
  readonly json: boolean;
  readonly body: boolean;
  readonly 'checks-of-now': boolean;
  readonly code?: string;
  readonly address?: string;
  readonly yes: boolean;
  readonly 'dry-run': boolean;
  /** As in 90s, 30m, 2h or 1d. */
  readonly tolerance?: string;
}

export async function refused(verb: string, ids: readonly string[], config: Config, options: RefusedOptions) {
  if (verb === 'recheck') return await recheck(ids, config, options);
  if (verb === 'discard') {
    const { source, code, address } = options;
    const named = ids.length === 0 ? {} : { ids };
    const choice = {
      ...(source && { source }),
      ...(code && { code }),
      ...(address && { address }),
      ...named,
    };
    return await discardRefused(config, choice, options);
  }
  const reader = new RefusedReader(config.refusedPath);
  try {
    if (verb === 'failures') return showRefusedFailures(reader, config, options);
    return verb === 'list' ? listRefused(reader, config, options) : showRefused(reader, ids, config, options);
  } finally {
    reader.close();
  }
}

/** What is wrong with what is asked for. */
export function mistakeInRefused(
  [what = '', ...ids]: readonly string[],
  values: Partial<Omit<RefusedOptions, 'limit'>>,
): string | undefined {
  if (!['list', 'failures', 'show', 'recheck', 'discard'].includes(what))
    return `events refused has no verb ${what || '(none)'}`;
  if (what === 'show' && ids.length === 0)
    return 'refused show wants the id of a refusal, as in ref_0c5f2a9b3d4e0112';
  const choosing = (['code', 'address', 'yes', 'dry-run'] as const).find((name) => values[name]);
  if (choosing !== undefined && what !== 'discard') return `refused ${what} does not take --${choosing}`;
  if (values['checks-of-now'] && ids.length === 0 && values.source === undefined)
    return '--checks-of-now wants the ids of the refusals, or --source';
  if (values.tolerance !== undefined && !readSpan(values.tolerance))
    return '--tolerance wants a time, as in 90s, 30m, 2h or 1d';
  return undefined;
}

function listRefused(reader: RefusedReader, config: Config, { source, limit, json }: RefusedOptions): number {
  const requests = reader.list(source, limit);
  sayRows(requests, json, ({ id, receivedAt, source: of, code, address, bytes }) => {
    return [id, receivedAt, of, code, address, `${bytes} bytes`];
  });
  if (json) {
    for (const { why, count, ...lost } of reader.losses(source))
      say(JSON.stringify({ lost: count, why, ...lost }));
    return 0;
  }
  if (requests.length === 0) say('No refused requests are kept.');
  else for (const group of reader.groups(source)) sayProse(`\n${describeGroup(group, config)}`);
  for (const lost of reader.losses(source)) sayProse(`\n${describeLosses(lost)}`);
  return 0;
}

function describeLosses({ source, why, count, first, last }: LostGroup): string {
  const reasons: Readonly<Record<string, string>> = LOSS_REASONS;
  const many = count === 1 ? 'one more was' : `${count} more were`;
  return `${source}: ${many} ${reasons[why] ?? why}, ${first} to ${last}.`;
}

function describeGroup(
  { source, code, count, addresses, first, last }: RefusedGroup,
  config: Config,
): string {
  const many = spelled(count, 'request');
  const from = spelled(addresses, 'address', 'addresses');
  const { says, asks } = refusalOf(code);
  const question = capitalized(asks);
  const fix = fixFor(code, sourceNamed(source, config));
  return `${source}: ${says}; ${many} from ${from}, ${first} to ${last}. ${question} ${fix}`;
}

function showRefused(
  reader: RefusedReader,
  ids: readonly string[],
  config: Config,
  { json, body }: RefusedOptions,
): number {
  for (const id of ids) {
    const request = reader.show(id);
    if (!request) return complain(`no refused request ${id} is kept`);
    const preset = config.sources.find(({ name }) => name === request.source)?.preset;
    const bytes = preset ? shownBody(request.body, preset) : request.body;
    if (body) process.stdout.write(bytes);
    else if (json) sayJson({ ...request, body: bytes.toString() });
    else say(describeRefused(request));
  }
  return 0;
}

function describeRefused(request: RefusedDetails): string {
  return [
    request.id,
    `  received   ${request.receivedAt} from ${request.address || 'nobody knows where'}`,
    `  source     ${request.source}`,
    `  refused    ${request.code}: ${clean(request.reason)}`,
    `  proof      ${request.credentials.join(', ') || 'no header'} (kept, never shown)`,
    `  body       ${request.bytes} bytes`,
    '  headers',
    ...Object.entries(request.headers).map(([name, value]) => `    ${name}: ${clean(value)}`),
  ].join('\n');
}

async function recheck(
  ids: readonly string[],
  config: Config,
  { json, source, tolerance, 'checks-of-now': byChecksOfNow }: RefusedOptions,
): Promise<number> {
  const inbox = await readInbox(config, (reader) => reader.id());
  const wish = {
    inbox,
    ...(source && { source }),
    ...(ids.length > 0 && { ids }),
    ...(byChecksOfNow && { byChecksOfNow }),
    ...(tolerance && { toleranceSeconds: (readSpan(tolerance) ?? 0) / 1_000 }),
  };
  const { status, answer } = await askConsole(config, '/recheck', wish);
  if (status !== 200) return complain(String((answer as { title?: string }).title));
  const results = answer as Rechecked[];
  const shown = results.filter(({ looked }) => json || looked > 0);
  sayRows(shown, json, ({ source: of, looked, accepted, handshakes }) => {
    const gone = handshakes > 0 ? `; gone: ${spelled(handshakes, 'handshake')}` : '';
    return [of, `${accepted} of ${looked} pass now and are accepted${gone}`];
  });
  if (json) return 0;
  if (shown.length === 0) say('No refused requests are kept.');
  for (const { source: of, passNowOnly } of shown)
    if (passNowOnly > 0) say(`\n${describePassNowOnly(of, passNowOnly)}`);
  return 0;
}

function describePassNowOnly(source: string, count: number): string {
  const what = `${source}: ${spelled(count, 'more request')} would pass the checks that are enforced now, but not all that were enforced when they came`;
  const fix = 'If they are genuine, name them, or take all of the source';
  return `${what}. ${fix}: npm run events -- refused recheck --source ${source} --checks-of-now`;
}
