/**
 * `consignee status`: whether all is well. Asks the running service, and prints what it says: six lines of 80 columns if all is well,
 * and below them each alarm with its fix.
 *
 * Exit 0 if all is well, 1 if it is not, 69 if no service answers: then what is counted in the inbox is printed, and the rest is
 * not known.
 */
import { parseArgs } from 'node:util';
import { iso } from '../base/times.ts';
import { typed } from '../base/typed.ts';
import { amount, counted } from '../base/words.ts';
import { durationOf } from '../serve/alarms/alarm.ts';
import type { Role, ServiceStatus, SourceStatus } from '../serve/status.ts';
import { findStatus } from './service-status.ts';
import { readSettings, sound } from './settings.ts';
import { EXIT_UNAVAILABLE, FLAG, say, sayJson, TEXT, wrapWords } from './terminal.ts';

export const usage = `Usage: npm run status -- [--json]

  Whether all is well, in six lines; each alarm that is raised follows, with
  what to do. The service is asked at CONSOLE_HOST and CONSOLE_PORT.

  --json   one JSON object, as GET /status on the console's port

Exit 0 if all is well, 1 if not, 69 if no service answers.
`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: FLAG, config: TEXT } });
  const { config } = sound(await readSettings(values.config));
  const status = await findStatus(config);
  if (values.json) sayJson(status);
  else for (const line of statusLines(status, Date.now())) say(line);
  if (status.isWell === null) return EXIT_UNAVAILABLE;
  return status.isWell ? 0 : 1;
}

const WIDTH = 80;
const LABEL = 11;
const NOT_KNOWN = 'not known';
const DOES: Readonly<Record<Role, string>> = {
  both: 'takes events in',
  receive: 'takes events in, for others to handle',
  dispatch: 'handles what others take in',
};

export function statusLines(status: ServiceStatus, now: number): string[] {
  const on = status.sources.filter(({ isOn }) => isOn);
  return [
    ...verdictLines(status, now),
    ...statusLine('today', todayText(on)),
    ...statusLine('last seen', seenText(on, now)),
    ...statusLine('refused', refusedText(on)),
    ...statusLine('handlers', handlersText(status, now)),
    ...statusLine('machine', machineText(status)),
    ...(status.alarms ?? []).flatMap(({ kind, says, fix, since }) => [
      '',
      ...statusLine('ALARM', `${kind}, since ${timeToday(since, now)}: ${says}`),
      ...statusLine('  fix', typed(fix)),
    ]),
  ];
}

function statusLine(label: string, text: string): string[] {
  return wrapWords(text, WIDTH - LABEL).map((line, at) => `${(at === 0 ? label : '').padEnd(LABEL)}${line}`);
}

function verdictLines({ isWell, service, alarms, replicas, unknown }: ServiceStatus, now: number): string[] {
  if (!service)
    return statusLine(NOT_KNOWN, unknown.find(({ what }) => what === 'service')?.why ?? 'no service answers');
  const parts = [
    service.isReady ? DOES[service.role] : 'TAKES NOTHING IN',
    alarms === null || alarms.length === 0 ? 'no alarm' : counted(alarms.length, 'alarm'),
    `version ${service.version}, up since ${timeToday(service.startedAt, now)}`,
    ...(replicas === null ? [] : [counted(replicas, 'replica')]),
    ...unknown.map(({ what, why }) => `${what}: ${NOT_KNOWN} (${why})`),
  ];
  return statusLine(isWell ? 'well' : 'NOT WELL', parts.join('; '));
}

function todayText(sources: readonly SourceStatus[]): string {
  if (sources.length === 0) return 'no source is on';
  if (sources.some(({ today }) => today === null)) return NOT_KNOWN;
  const isKnown = sources.some(({ usual }) => usual !== null);
  const said = sources.map(({ source, today, usual }) => {
    const beside = isKnown ? ` (${usual === null ? '?' : amount(usual.count)})` : '';
    return `${source} ${amount(today ?? 0)}${beside}`;
  });
  return `${said.join(', ')}; ${isKnown ? 'in brackets: usual by now' : 'usual: not known yet'}`;
}

function seenText(sources: readonly SourceStatus[], now: number): string {
  if (sources.some(({ today }) => today === null)) return NOT_KNOWN;
  const seen = sources.flatMap(({ source, lastAt }) =>
    lastAt === null ? [] : [`${source} ${timeToday(lastAt, now)}`],
  );
  const waiting = sources.filter(({ lastAt }) => lastAt === null).map(({ source }) => source);
  const first = waiting.length === 0 ? [] : [`waiting for the first event: ${waiting.join(', ')}`];
  return [...(seen.length === 0 ? [] : [seen.join(', ')]), ...first].join('; ') || 'nothing';
}

function refusedText(sources: readonly SourceStatus[]): string {
  if (sources.some(({ lastHour }) => lastHour === null)) return NOT_KNOWN;
  const said = sources.flatMap(({ source, lastHour }) =>
    Object.entries(lastHour?.refused ?? {}).map(([code, count]) => `${source} ${amount(count)} ${code}`),
  );
  return `${said.join(', ') || 'nothing'} in the last hour`;
}

function handlersText({ handlers }: ServiceStatus, now: number): string {
  if (!handlers) return NOT_KNOWN;
  const { pending, handling, dead, held, oldestPendingAt, resting, paused } = handlers;
  const oldest = oldestPendingAt === null ? '' : `, the oldest since ${timeToday(oldestPendingAt, now)}`;
  const rests = resting === null ? NOT_KNOWN : resting.join(', ') || 'none';
  return [
    `${amount(pending)} waiting${oldest}`,
    `${amount(handling)} at work`,
    `${amount(dead)} dead`,
    `${amount(held)} held`,
    `resting: ${rests}`,
    ...(paused ?? []).map(({ name, who, reason }) => `${name} paused by ${who}: ${reason}`),
  ].join('; ');
}

function machineText({ disk, clock }: ServiceStatus): string {
  const free =
    disk === null
      ? `disk ${NOT_KNOWN}`
      : `${amount(disk.freeMb)} MiB free at ${disk.folder}${disk.isReadOnly ? ', READ-ONLY' : ''}`;
  if (clock === null) return `${free}; clock ${NOT_KNOWN}`;
  const { doubtMs } = clock;
  const apart = `${durationOf(Math.abs(doubtMs))} ${doubtMs > 0 ? 'ahead of' : 'behind'} the time in the inbox`;
  return `${free}; clock ${doubtMs === 0 ? 'right' : `perhaps wrong: ${apart}`}`;
}

/** `14:02Z`, or the day if it is another one. */
function timeToday(time: string, now: number): string {
  const [day = '', clock = ''] = time.split('T');
  return iso(now).startsWith(day) ? `${clock.slice(0, 5)}Z` : day;
}
