/**
 * `consignee events failures` and `consignee events refused failures`: what failed alike, as one group. The inbox groups by handler
 * and cause, the file of refused requests by source, code and address. Verbs of events.ts.
 */
import { clean } from '../base/log/redact.ts';
import { shortTime } from '../base/times.ts';
import { typed } from '../base/typed.ts';
import { counted, spelled } from '../base/words.ts';
import type { FailureFilter, FailureGroup } from '../inbox/failures.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { RefusedFailure, RefusedReader } from '../inbox/refused/reader.ts';
import type { Config } from '../serve/config/config.ts';
import { sourceNamed } from '../serve/config/source.ts';
import { fixFor, refusalOf } from '../verify/refusals.ts';
import { say, sayJson, wrapWords } from './terminal.ts';

const WIDTH = 80;
const INDENT_LINE = '    ';
const TRACE_SHOWN = 4;

export async function showFailures(
  reader: InboxReader,
  filter: FailureFilter,
  json: boolean,
): Promise<number> {
  const { groups, more } = await reader.failures(filter);
  if (json) {
    for (const group of groups) sayJson(group);
    return 0;
  }
  for (const group of groups) for (const line of failureLines(group)) say(line);
  if (groups.length === 0) say('Nothing has failed that is still open.');
  else {
    if (more > 0) say(`${counted(more, 'more group')}; name one handler with --handler.`);
    say(`After a fix (of a handler: and a restart):\n  ${typed('consignee events replay --cause CAUSE')}`);
    say(`To give up:\n  ${typed('consignee events discard --cause CAUSE')}`);
  }
  return 0;
}

/** No line is wider than a terminal, but for an id or a path that is. */
function failureLines({
  handler,
  cause,
  dead,
  retrying,
  first,
  last,
  seen,
  sample,
  newest,
}: FailureGroup): string[] {
  const [words = '', ...trace] = sample.split('\n');
  const times = `first ${shortTime(Date.parse(first))}, last ${shortTime(Date.parse(last))}, ${spelled(seen, 'attempt')}`;
  return [
    `${cause}  ${handler}  ${dead} dead, ${retrying} retrying`,
    ...wrapWords(clean(words), WIDTH - INDENT_LINE.length).map((line) => `${INDENT_LINE}${line}`),
    ...trace.slice(0, TRACE_SHOWN).map((line) => `${INDENT_LINE}${clean(line)}`),
    `${INDENT_LINE}${times}`,
    ...(newest.length > 0 ? [`${INDENT_LINE}newest ${newest.join(' ')}`] : []),
    '',
  ];
}

export function showRefusedFailures(
  reader: RefusedReader,
  config: Pick<Config, 'sources'>,
  { source, json }: { readonly source?: string; readonly json: boolean },
): number {
  const { groups, more } = reader.failures({ ...(source && { source }) });
  if (json) {
    for (const group of groups) sayJson({ ...group, ...meaningOf(group, config) });
    return 0;
  }
  for (const group of groups) for (const line of refusedLines(group, config)) say(line);
  if (groups.length === 0) say('No refused requests are kept.');
  else if (more > 0) say(`${counted(more, 'more group')}; name one source with --source.`);
  return 0;
}

/** What the code means, and what the operator can do about it. */
function meaningOf({ code, source }: RefusedFailure, config: Pick<Config, 'sources'>) {
  return { means: refusalOf(code).says, fix: fixFor(code, sourceNamed(source, config)) };
}

function refusedLines(group: RefusedFailure, config: Pick<Config, 'sources'>): string[] {
  const { source, code, address, count, first, last, newest } = group;
  const { means, fix } = meaningOf(group, config);
  const many = spelled(count, 'request');
  return [
    `${source}  ${code}  from ${address || 'nobody knows where'}  ${many}`,
    ...wrapWords(`${means}. ${fix}`, WIDTH - INDENT_LINE.length).map((line) => `${INDENT_LINE}${line}`),
    `${INDENT_LINE}first ${shortTime(Date.parse(first))}, last ${shortTime(Date.parse(last))}`,
    ...newest.map((id) => `${INDENT_LINE}${id}`),
    '',
  ];
}
