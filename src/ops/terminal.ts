/**
 * How commands speak, all of them in one way: results go to standard output, what is wrong to standard error, lists are laid
 * out in columns, and numbers and times are said in words.
 */
import { type Problem, sentenceOf } from '../base/errors.ts';
import { visible, visibleJson, visibleLines } from '../base/log/visible.ts';
import { nearestTo } from '../base/settings/rules.ts';
import { typed } from '../base/typed.ts';

/** sysexits.h: EX_USAGE. The command line makes no sense. */
export const EXIT_USAGE = 64;
/** sysexits.h: EX_UNAVAILABLE. No service answers. */
export const EXIT_UNAVAILABLE = 69;
/** sysexits.h: EX_CONFIG. The service could not start with these settings. */
export const EXIT_CONFIG = 78;

/** The two usual kinds of options on a command line. */
export const TEXT = { type: 'string' } as const;
export const FLAG = { type: 'boolean', default: false } as const;

export function say(line: string): void {
  process.stdout.write(visibleLines(`${line}\n`));
}

/** For machines: one JSON object on a line of its own. */
export function sayJson(value: object): void {
  process.stdout.write(visibleJson(`${JSON.stringify(value)}\n`));
}

/** What is to be read, not pasted: on a terminal no line is cut within a word. */
export function sayProse(text: string): void {
  say(foldLines(text, widthOf(process.stdout)));
}

export function sayWrong(text: string): void {
  process.stderr.write(visibleLines(`${foldLines(text, widthOf(process.stderr))}\n`));
}

/** Answers with the exit code, so that a command can end with `return complain(…)`. */
export function complain(message: string, exitCode = 1): number {
  sayWrong(`consignee: ${message}`);
  return exitCode;
}

/** Two lines: what is wrong, and what to do. */
export function describeProblem(problem: Problem): string {
  return `  ${sentenceOf(problem)}.\n      ${typed(problem.fix)}\n`;
}

/** For a mistake on the command line: the mistake, and how the command is used; not so much of it that the mistake scrolls away. */
export function misused(mistake: string, usage: string): number {
  const whole = usage.trimEnd();
  const [call = ''] = whole.split('\n\n');
  const isLong = whole.split('\n').length > USAGE_LINES_MOST;
  sayWrong(`consignee: ${mistake}\n\n${isLong ? `${call}\n\nThe same with --help has the rest.` : whole}`);
  return EXIT_USAGE;
}

const USAGE_LINES_MOST = 12;

/** A sentence that goes behind the mistake, or nothing if no name is near. `near`: known in another way. */
export function didYouMean(given: string, names: readonly string[], near = nearestTo(given, names)): string {
  return near === undefined ? '' : `. Did you mean ${near}?`;
}

/** How a server of this machine is named in a URL, by the address at which it listens. */
export function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** What does not fit beside the other cells goes below them, indented by this much. */
const INDENT = 4;
/** So much room the last cell needs beside the others. */
const LAST_CELL_LEAST = 24;

interface Layout {
  /** How wide each column is at least: for rows that come one by one. */
  readonly least?: readonly number[];
  /** On a terminal, the last cell of a wider row goes on in lines of its own. A file or a pipe gets one line a row. */
  readonly width?: number;
}

/** Lays rows out in columns, each as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[], layout: Layout = {}): string[] {
  const { least = [], width = widthOf(process.stdout) } = layout;
  const shown = rows.map((row) => row.map(visible));
  const widths = [...least];
  for (const row of shown) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return shown.map((row) => {
    const others = row.slice(0, -1).map((cell, at) => `${cell.padEnd(widths[at] ?? 0)}  `);
    return foldLine(others.join(''), row.at(-1) ?? '', width);
  });
}

/** Says each item: as a JSON object on a line of its own, or as a row of columns. */
export function sayRows<Item extends object>(
  items: readonly Item[],
  json: boolean,
  cellsOf: (item: Item) => readonly string[],
  layout?: Layout,
): void {
  if (json) for (const item of items) sayJson(item);
  else for (const line of columns(items.map(cellsOf), layout)) say(line);
}

function foldLine(others: string, last: string, width: number): string {
  if (others.length + last.length <= width) return `${others}${last}`.trimEnd();
  const fits = others.length + LAST_CELL_LEAST <= width;
  const indent = ' '.repeat(fits ? others.length : INDENT);
  const folded = wrapWords(last, width - indent.length).join(`\n${indent}`);
  return fits ? `${others}${folded}` : `${others.trimEnd()}\n${indent}${folded}`;
}

/** A file or a pipe gets lines as they are. */
function widthOf({ isTTY, columns: width }: NodeJS.WriteStream): number {
  return isTTY ? width : Number.POSITIVE_INFINITY;
}

/** Breaks the lines that are too long between words, and goes on under the first word of each. */
export function foldLines(text: string, width: number): string {
  const folded = text.split('\n').map((line) => {
    const [indent = ''] = /^ */.exec(line) ?? [];
    if (line.length <= width) return line;
    return wrapWords(line.slice(indent.length), width - indent.length)
      .map((part) => `${indent}${part}`)
      .join('\n');
  });
  return folded.join('\n');
}

/** Lines broken between words; a word that is too long for a line, an id for one, stays whole. */
export function wrapWords(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(/ +/)) {
    const line = lines.pop() ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || longer.length <= width) lines.push(longer);
    else lines.push(line, word);
  }
  return lines;
}
