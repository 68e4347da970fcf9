/**
 * `consignee alarms`: which alarms are raised, and which were within the last thirty days. Read from the inbox, beside the running
 * service or without it. Those that are about the inbox itself, which could not keep them then, stand in the log and in
 * `consignee check` only.
 */
import { parseArgs } from 'node:util';
import { iso, isoOrNull, shortTime } from '../base/times.ts';
import { typed } from '../base/typed.ts';
import type { AlarmRecord } from '../inbox/kept-alarms.ts';
import { durationOf } from '../serve/alarms/alarm.ts';
import { readInbox } from './orders.ts';
import { readSettings, sound } from './settings.ts';
import { FLAG, misused, say, sayJson, TEXT, wrapWords } from './terminal.ts';

const WIDTH = 78;
const INDENT = '    ';

export const usage = `Usage: consignee alarms [--raised] [--limit N] [--json]

  What is wrong now, with what to do about it, and what was within thirty days.
  --raised    only what is raised now; exit 1 if anything is
  --limit N   so many at most, 100 if left out
  --json      one JSON object a line
`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { raised: FLAG, limit: { ...TEXT, default: '100' }, json: FLAG, config: TEXT },
  });
  if (!/^[1-9]\d{0,4}$/.test(values.limit))
    return misused('--limit wants a whole number from 1 to 99999', usage);
  const { config } = sound(await readSettings(values.config));
  const all = await readInbox(config, (reader) => reader.alarms(Number(values.limit)));
  const shown = values.raised ? all.filter(({ overAt }) => overAt === null) : all;
  if (values.json) for (const alarm of shown) sayJson(forMachines(alarm));
  else for (const line of describeAlarms(shown, values.raised)) say(line);
  return values.raised && shown.length > 0 ? 1 : 0;
}

function forMachines({ since, overAt, ...alarm }: AlarmRecord) {
  return { ...alarm, since: iso(since), overAt: isoOrNull(overAt) };
}

function describeAlarms(alarms: readonly AlarmRecord[], isRaisedOnly: boolean): string[] {
  const raised = alarms.filter(({ overAt }) => overAt === null);
  const over = alarms.filter(({ overAt }) => overAt !== null);
  if (isRaisedOnly && raised.length === 0) return ['No alarm is raised.'];
  return [
    raised.length === 0 ? 'No alarm is raised.' : `Raised now (${raised.length}):`,
    ...raised.flatMap(describeRaised),
    ...(over.length > 0 ? ['', 'Over:'] : []),
    ...over.flatMap(describeOver),
  ];
}

function describeRaised({ kind, subject, since, says, fix }: AlarmRecord): string[] {
  return [
    `  ${shortTime(since)}  ${kind} ${subject}`.trimEnd(),
    ...folded(says),
    ...folded(`To do: ${typed(fix)}`),
  ];
}

function describeOver({ kind, subject, since, overAt, says }: AlarmRecord): string[] {
  const lasted = `for ${durationOf(Math.max(0, (overAt ?? since) - since))}`;
  const what = says.replace(/^over after [^:]*: /, '');
  return [`  ${shortTime(since)}  ${lasted}  ${kind} ${subject}`.trimEnd(), ...folded(what)];
}

function folded(text: string): string[] {
  return wrapWords(text, WIDTH - INDENT.length).map((line) => `${INDENT}${line}`);
}
