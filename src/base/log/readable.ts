/**
 * Log lines for people: `npm run dev` and a terminal. Takes pino's JSON lines, writes one readable line each.
 *
 *   10:03:18  accepted   flexport   evt_032a47922a2000  200  1.4 ms  from 127.0.0.1
 */
import type { Output } from './log.ts';

/** By the terminal's number of the color: red, green, yellow, cyan. */
const COLORS: readonly (readonly [number, readonly string[]])[] = [
  [31, ['refused', 'failed', 'dead', 'error', 'fatal']],
  [32, ['accepted', 'done']],
  [33, ['held', 'retry', 'later', 'warn']],
  [36, ['duplicate']],
];
const VALUE_MAX = 120;
const SHOWN_FIRST = 'level time msg outcome source handler eventId id status ms ip code reason'.split(' ');

export function readable(output: Output): Output {
  const colored = process.stdout.isTTY === true && !process.env.NO_COLOR;
  return {
    write(line: string) {
      output.write(`${format(JSON.parse(line), colored)}\n`);
    },
  };
}

function format(record: Record<string, unknown>, colored: boolean): string {
  const text = (name: string) => (record[name] === undefined ? '' : String(record[name]));
  const level = text('level');
  const isEvent = text('handler') !== '' && text('outcome') === '';
  const word = text('outcome') || (isEvent ? text('msg') : level === 'info' ? '' : level);
  const color = colored ? COLORS.find(([, words]) => words.includes(word))?.[0] : undefined;
  const shown = word.padEnd(9);
  const parts = [
    text('time').slice(11, 19),
    color === undefined ? shown : `\u001b[${color}m${shown}\u001b[0m`,
    text('handler') || text('source').padEnd(9),
    text('eventId') || text('id'),
    text('status'),
    record.ms === undefined ? '' : `${text('ms')} ms`,
    record.ip === undefined ? '' : `from ${text('ip')}`,
    isEvent ? '' : text('msg'),
    record.code === undefined ? '' : `${text('code')}:`,
    text('reason'),
    rest(record),
  ];
  return parts.filter((part) => part.trim() !== '').join('  ');
}

function rest(record: Record<string, unknown>): string {
  const entries = Object.entries(record).filter(([name]) => !SHOWN_FIRST.includes(name));
  return entries.map(([name, value]) => `${name}=${shortenValue(value)}`).join('  ');
}

function shortenValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const clean = text.replace(/\p{Cc}/gu, '\uFFFD');
  return clean.length > VALUE_MAX ? `${clean.slice(0, VALUE_MAX)}…` : clean;
}
