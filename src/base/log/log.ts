/**
 * One JSON line a record, or readable lines in development.
 *
 * One writer has standard output, so that lines of two threads never mix: the handlers' thread sends its lines there in
 * bundles. Writing never waits for the reader: if nobody reads the pipe, lines beyond 8 MiB are dropped rather than answers
 * delayed. What is not passed in cannot leak. Behind that stand `redact`, for names that speak of credentials, and redactText, for
 * the texts of errors.
 */
import pino from 'pino';
import { iso } from '../times.ts';
import { REDACTED, redactText } from './redact.ts';
import { visible, visibleJson } from './visible.ts';

/** The part of pino that handlers and the rooms use. A field named like a credential is not shown, nor is a whole body. */
export interface Log {
  /** Shown only if LOG_LEVEL is `debug` or `trace`. */
  debug(fields: object, message?: string): void;
  /** What goes as it should. */
  info(fields: object, message?: string): void;
  /** What somebody should look at one day. */
  warn(fields: object, message?: string): void;
  /** What somebody should look at now. */
  error(fields: object, message?: string): void;
}

export interface LogOptions {
  readonly level: string;
  /** Readable lines: the service runs with --dev. */
  readonly pretty: boolean;
}

/** Fields that are replaced in every log line, should anybody ever pass one: credentials, and whole requests or bodies. */
const NEVER_SHOWN = ['authorization', 'cookie', 'token', 'secret', 'password', 'signature', 'url', 'query'];
const NEVER_SHOWN_WHOLE = ['headers', 'body', 'request', 'response', 'req', 'res', 'config'];

export function createLog(options: LogOptions, output: Output): Log {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: isoTime(),
      formatters: { level: (label) => ({ level: label }) },
      serializers: { reason: textOfError, error: textOfError, err: textOfError },
      redact: { paths: [...NEVER_SHOWN, ...NEVER_SHOWN_WHOLE], censor: REDACTED },
    },
    options.pretty ? readable(output) : { write: (line) => output.write(visibleJson(line)) },
  );
}

const ERROR_MAX = 4_000;

/** The texts of errors are others' words: a driver, a client or a handler may quote the URL or the body that it was about. */
function textOfError(error: unknown): unknown {
  if (typeof error === 'string') return redactText(error, ERROR_MAX);
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { type, message: redactText(message, ERROR_MAX), stack: redactText(stack, ERROR_MAX) };
}

/** ISO 8601 in UTC, written anew only when the millisecond is another one. */
function isoTime(): () => string {
  let last = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== last) {
      last = now;
      text = `,"time":"${iso(now)}"`;
    }
    return text;
  };
}

export interface Output {
  write(lines: string): void;
}

const BUNDLE_BYTES = 16_384;
const GATHER_MS = 20;
const HELD_BYTES_MAX = 8 * 1_048_576;
const END_MS = 1_000;

/** `end` is the log's end: it calls back when every line is out, or given up because nobody reads. */
export function standardOutput(): Output & { end(done: () => void): void } {
  const stream = pino.destination({
    dest: 1,
    sync: false,
    maxWrite: 4 * BUNDLE_BYTES,
    maxLength: HELD_BYTES_MAX,
  });
  // A reader that goes away (`| head`) must not take the service with it.
  stream.on('error', () => {});
  const lines = bundledOutput((bundle) => stream.write(bundle));
  return {
    write: lines.write,
    // Not pino's own flush, which without a minimal length waits for nothing; and at exit pino waits for ever.
    end(done) {
      lines.flush();
      const giveUp = setTimeout(() => {
        stream.off('close', finish);
        stream.destroy();
        done();
      }, END_MS);
      const finish = () => {
        clearTimeout(giveUp);
        done();
      };
      stream.once('close', finish);
      stream.end();
    },
  };
}

/** A line after a pause goes out at once; those that follow gather for a moment. `flush` sends what is there now. */
export function bundledOutput(send: (lines: string) => void): Output & { flush(): void } {
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;
  let lastSent = 0;
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered === '') return;
    lastSent = performance.now();
    const bundle = gathered;
    gathered = '';
    send(bundle);
  }
  return {
    write(lines) {
      gathered += lines;
      if (gathered.length >= BUNDLE_BYTES) flush();
      else timer ??= setTimeout(flush, Math.max(0, GATHER_MS - (performance.now() - lastSent)));
    },
    flush,
  };
}

/** By the terminal's number of the color: red, green, yellow, cyan. */
const COLORS: readonly (readonly [number, readonly string[]])[] = [
  [31, ['refused', 'failed', 'dead', 'error', 'fatal']],
  [32, ['accepted', 'done']],
  [33, ['held', 'retry', 'later', 'warn']],
  [36, ['duplicate', 'handshake']],
];
const VALUE_MAX = 120;
const SHOWN_FIRST = 'level time msg outcome source handler eventId id status ms ip code reason'.split(' ');

function readable(output: Output): Output {
  const colored = process.stdout.isTTY === true && !process.env.NO_COLOR;
  return {
    write(line: string) {
      output.write(`${format(JSON.parse(line), colored)}\n`);
    },
  };
}

function format(record: Record<string, unknown>, colored: boolean): string {
  const text = (name: string) => (record[name] === undefined ? '' : visible(String(record[name])));
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
  return entries.map(([name, value]) => `${visible(name)}=${shortenValue(value)}`).join('  ');
}

function shortenValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return visible(text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX)}…` : text);
}
