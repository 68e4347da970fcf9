/**
 * `consignee events list` and `find`: what is selected, a page at a time, newest first. Verbs of events.ts.
 *
 * The cursor of a page is the id of the event before it: with --json, a program goes on with the id of the last line it got.
 */
import { shortTime } from '../base/times.ts';
import { typed } from '../base/typed.ts';
import { amount, capitalized, counted } from '../base/words.ts';
import { idOf, numberOf, timeOfNumber } from '../inbox/event-id.ts';
import { findByText } from '../inbox/finding.ts';
import type { InboxReader } from '../inbox/reader.ts';
import type { Page } from '../inbox/search.ts';
import type { Selection } from '../inbox/selection.ts';
import type { EventSummary } from '../inbox/summary.ts';
import { type Config, storedSourcesOf } from '../serve/config/config.ts';
import { EVENT_HEADER, eventCells } from './event-lines.ts';
import { columns, complain, say, sayJson, sayWrong } from './terminal.ts';

interface ListOptions {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly json: boolean;
  /** As it was typed, without the command's own name. */
  readonly args: readonly string[];
}

const PAGE_OF_FIND = 20;

export async function listEvents(
  reader: InboxReader,
  selection: Selection,
  { limit, cursor, json, args }: ListOptions,
  config: Config,
): Promise<number> {
  const search = reader.search(selection, storedSourcesOf(config.sources));
  const before = cursor === undefined ? {} : { before: numberOf(cursor) as number };
  const page = await search.page({ limit, ...before, onProgress: showProgress });
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
  printEvents(page.events, json);
  const next = page.next === null ? undefined : commandFor(args, idOf(page.next));
  // A program finds its events alone on standard output.
  const tell = json ? sayWrong : say;
  if (!json || next) for (const line of linesBelow(page, next)) tell(line);
  return 0;
}

/** By what people have in their hands: an id of ours or of the provider, a tracking number, an order. */
export async function findEvents(
  reader: InboxReader,
  text: string,
  json: boolean,
  config: Config,
): Promise<number> {
  const found = await findByText(reader, storedSourcesOf(config.sources), text, PAGE_OF_FIND);
  if (found) {
    const { way, page } = found;
    printEvents(page.events, json);
    const rest = commandFor(['list', way === 'key' ? '--key' : '--their-id', text], idOf(page.next ?? 0));
    if (!json)
      for (const line of [`Found by ${way}.`, ...linesBelow(page, page.next ? rest : undefined)]) say(line);
    return 0;
  }
  if (/^ref_[0-9a-f]+$/.test(text))
    return complain(`${text} was refused: ${typed(`consignee events refused show ${text}`)}`);
  const search = commandFor(['list', '--search', text]);
  return complain(`nothing has ${text} as its id or its key; to look into the bodies: ${search}`);
}

function printEvents(events: readonly EventSummary[], json: boolean): void {
  if (json) for (const event of events) sayJson(event);
  else if (events.length > 0)
    for (const line of columns([EVENT_HEADER, ...events.map(eventCells)])) say(line);
}

const CLEAR_LINE = '\r\u001b[K';

function showProgress(looked: number, last: number): void {
  if (process.stderr.isTTY) process.stderr.write(`${CLEAR_LINE}${lookedAt(looked, last)} …`);
}

function lookedAt(looked: number, last: number): string {
  return `looked at ${counted(looked, 'event')}, back to ${shortTime(timeOfNumber(last))}`;
}

/** What a page leaves to be said: how many there are, how far it looked, and where to go on. */
function linesBelow({ events, total, endedBy, looked, next, indexedTo }: Page, command?: string): string[] {
  const lines: string[] = [];
  const shown = amount(events.length);
  const all = amount(total.count);
  if (events.length === 0 && endedBy === 'end') lines.push('No events.');
  else if (total.isWhole) lines.push(`${shown} of ${all}, newest first.`);
  else if (endedBy === 'bound') lines.push(`${shown} so far, newest first.`);
  else lines.push(`${shown} of at least ${all}, newest first.`);
  if (endedBy === 'bound' && next !== null) {
    const far = lookedAt(looked, next);
    lines.push(`${capitalized(far)}. Go on with:`, `  ${command}`);
  } else if (command) lines.push('Next page:', `  ${command}`);
  if (indexedTo !== undefined) {
    const since = shortTime(timeOfNumber(indexedTo));
    lines.push(`Not all events since ${since} are indexed by their keys yet: some may be missing.`);
  }
  return lines;
}

/** To be typed, or pasted, as it is. */
function commandFor(args: readonly string[], cursor?: string): string {
  const others = args.filter((arg, at) => !arg.startsWith('--cursor') && args[at - 1] !== '--cursor');
  const words = cursor === undefined ? others : [...others, '--cursor', cursor];
  const quoted = words.map((word) =>
    /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  );
  return typed(`consignee events ${quoted.join(' ')}`);
}
