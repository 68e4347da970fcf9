/**
 * One JSON line a record, or readable lines in development.
 *
 * One writer has standard output, so that lines of two threads never mix: the handlers' thread sends its lines there in
 * bundles (output.ts). What is not passed in cannot leak; `redact` stands behind that for names that speak of credentials.
 */
import pino from 'pino';
import type { Output } from './output.ts';
import { readable } from './readable.ts';
import { REDACTED } from './redact.ts';

/** The part of pino that the rooms use. */
export interface Log {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}

export interface LogOptions {
  readonly level: string;
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
      redact: { paths: [...NEVER_SHOWN, ...NEVER_SHOWN_WHOLE], censor: REDACTED },
    },
    options.pretty ? readable(output) : output,
  );
}

/** ISO 8601 in UTC, written anew only when the millisecond is another one. */
function isoTime(): () => string {
  let last = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== last) {
      last = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
}
