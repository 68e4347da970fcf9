/**
 * One JSON line a record, or readable lines in development.
 *
 * Each thread has its own log on the same standard output. Lines are written whole, at most 4,096 bytes a write, which a
 * pipe takes in one piece. If nobody reads the pipe, lines are dropped beyond 8 MiB rather than answers delayed.
 * What is not passed in cannot leak; `redact` stands behind that for names that speak of credentials.
 */
import pino from 'pino';
import type { Log } from '../types.ts';
import { readable } from './readable.ts';
import { REDACTED } from './redact.ts';

export interface LogOptions {
  readonly level: string;
  readonly pretty: boolean;
}

/** Whole objects too, should anybody ever pass one: a request, its headers or its body are never for the log. */
const NEVER_SHOWN = ['authorization', 'cookie', 'token', 'secret', 'password', 'signature', 'url', 'query'];
const NEVER_SHOWN_WHOLE = ['headers', 'body', 'request', 'response', 'req', 'res', 'config'];

const FLUSH_MS = 1_000;

export interface FlushedLog extends Log {
  /** The log's end: calls back when every line is out, or given up because nobody reads. */
  flush(done: () => void): void;
}

export function createLog(options: LogOptions): FlushedLog {
  const output = pino.destination({ dest: 1, sync: false, maxWrite: 4_096, maxLength: 8 * 1_048_576 });
  // A reader that goes away (`| head`) must not take the service with it.
  output.on('error', () => {});
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...NEVER_SHOWN, ...NEVER_SHOWN_WHOLE], censor: REDACTED },
    },
    options.pretty ? readable(output) : output,
  );
  // Not pino's own, which without a minimal length waits for nothing; and at exit pino waits for ever.
  return Object.assign(log, {
    flush(done: () => void) {
      const giveUp = setTimeout(() => {
        output.off('close', finish);
        output.destroy();
        done();
      }, FLUSH_MS);
      const finish = () => {
        clearTimeout(giveUp);
        done();
      };
      output.once('close', finish);
      output.end();
    },
  });
}
