/**
 * What there is to say of an error that a handler threw: its words, where in the user's own files it was thrown, and what caused
 * it. Redacted and bounded, since it may quote what it was about. Used for the log, for `events show` and for the groups of
 * `events failures`.
 *
 * Own files are those that are neither Node's nor a package's nor Consignee's. What Consignee's handlers throw has no such place.
 */
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wordsOf } from '../../base/errors.ts';
import { redactText } from '../../base/log/redact.ts';
import { visible } from '../../base/log/visible.ts';
import { causeOf } from '../../inbox/cause.ts';
import { isVerdict } from './attempt.ts';
import type { FailedAttempt } from './failure-log.ts';

interface FailureReport {
  /** File and line, as in `config/orders.ts:14`; empty if it was not thrown in a file of the user's own. */
  readonly place: string;
  /** Lines below the words: own files on the stack, then each cause with its own. */
  readonly trace: readonly string[];
}

const NOWHERE: FailureReport = { place: '', trace: [] };

const OURS = resolve(import.meta.dirname, '../..');
const FRAME = /^\s+at (?:(.*?) \()?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/;
const STACK_MAX = 20_000;
const FRAMES_MAX = 5;
const CAUSES_DEEP = 4;
const LINE_MAX = 300;
const TEXT_MAX = 3_000;

interface Frame {
  readonly call: string;
  readonly file: string;
  readonly line: string;
  readonly column: string;
}

/** `text`: the words, and where it was thrown. */
export interface Failed extends Pick<FailedAttempt, 'cause' | 'reason' | 'trace'> {
  readonly text: string;
}

/** `reason`: the words, as the attempt was judged by them. */
export function failedWith(error: unknown, handler: string, reason: string): Failed {
  const report = isVerdict(error) ? NOWHERE : reportFailure(error);
  const cause = causeOf(handler, reason, report.place);
  const text = [reason, ...report.trace].join('\n').slice(0, TEXT_MAX);
  return { cause, reason, trace: report.trace, text };
}

export function reportFailure(error: unknown): FailureReport {
  const trace: string[] = [];
  let place = '';
  let current = error;
  for (let depth = 0; depth < CAUSES_DEEP && current !== undefined; depth++) {
    if (depth > 0) trace.push(`  cause: ${asOneLine(wordsOf(current))}`);
    const frames = ownFrames(current);
    const [first] = frames;
    if (first && place === '') place = `${first.file}:${first.line}`;
    for (const { call, file, line, column } of frames.slice(0, FRAMES_MAX)) {
      const at = `${file}:${line}:${column}`;
      trace.push(asOneLine(`    at ${call === '' ? at : `${call} (${at})`}`));
    }
    current = causeIn(current);
  }
  return { place, trace };
}

function causeIn(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined;
  } catch {
    return undefined;
  }
}

/** A stack is a text like any other: whoever throws may have written it. */
function ownFrames(error: unknown): Frame[] {
  const lines = stackOf(error).slice(0, STACK_MAX).split('\n');
  return lines.flatMap((line) => {
    const [, call = '', written = '', at = '', column = ''] = FRAME.exec(line) ?? [];
    const path = ownPathOf(written);
    if (path === '' || path.includes('/node_modules/') || path.startsWith(`${OURS}/`)) return [];
    const below = relative(process.cwd(), path);
    return [{ call, file: below.startsWith('..') ? path : below, line: at, column }];
  });
}

function stackOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack ?? '') : '';
  } catch {
    return '';
  }
}

function ownPathOf(written: string): string {
  try {
    return written.startsWith('file:') ? fileURLToPath(written) : written;
  } catch {
    return '';
  }
}

function asOneLine(text: string): string {
  return visible(redactText(text, LINE_MAX));
}
