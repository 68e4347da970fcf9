/**
 * One run of a program, from its start to the end of its process group. Called by command.ts for each attempt.
 *
 *   started ── exits ──▶ the rest of its output, at most OUTPUT_MS ──▶ over
 *   started ── the time is over, or the service stops ──▶ SIGTERM to the group ── KILL_MS ──▶ SIGKILL ──▶ over
 *
 * It leads a process group of its own, so that its children are ended with it. Children that are left running when it
 * exits by itself are left alone, and their output is not read any more. A child with a process group of its own is not ended.
 *
 * Standard input, output and error are sockets, as Node makes them: `cat` and `>&2` work, opening /dev/stdin or
 * /dev/stderr by name does not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { REDACTED, redactText } from '../../../base/log/redact.ts';
import { Unavailable } from '../../handler.ts';

interface Run {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly input: Buffer;
  readonly timeoutMs: number;
}

/** A service that stops aborts attempts after 8 of its 10 s. A program that ignores SIGTERM must be gone before 10 s. */
const KILL_MS = 1_500;
/** How long output is read after the exit: children may hold it open forever. */
const OUTPUT_MS = 500;
/** How much longer than its program an attempt may take. */
export const ENDING_MS = 5_000;
const KEPT_BYTES = 8_192;
/** The inbox keeps the first 1,000 characters of an attempt's output. */
const SHOWN_MAX = 900;
const CONTROL = /[^\P{Cc}\n\t]/gu;

/**
 * Throws Unavailable if the program cannot be started. When it resolves, the process is gone: either `code` or `signal` is null,
 * and `endedFor` says why it was ended, if it did not end by itself.
 */
export async function runProcess(run: Run, signal: AbortSignal) {
  signal.throwIfAborted();
  const child = start(run);
  const output = new OutputTail();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => output.add(bytes));
    stream?.on('error', () => {});
  }
  // A program need not read its input.
  child.stdin?.on('error', () => {});
  child.stdin?.end(run.input);
  const closed = new Promise((resolve) => child.once('close', resolve));
  const ending = endInTime(child, closed, run.timeoutMs, signal);
  try {
    const [code, name] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const endedFor = await ending.settle();
    await Promise.race([closed, sleep(OUTPUT_MS, undefined, { ref: false })]);
    return { code, signal: name, output, endedFor };
  } catch (error) {
    throw notStarted(run, error);
  } finally {
    void ending.settle();
    for (const stream of child.stdio) stream?.destroy();
  }
}

function start({ path, arguments: fixed, environment, cwd }: Run): ChildProcess {
  try {
    return spawn(path, fixed, { shell: false, detached: true, stdio: 'pipe', env: environment, cwd });
  } catch (error) {
    // Node throws some errors, ENOMEM for one, and emits the others.
    throw notStarted({ path }, error);
  }
}

function notStarted({ path }: Pick<Run, 'path'>, error: unknown): Unavailable {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? ': it, its interpreter or its cwd is not there' : '';
  return new Unavailable(`${path} cannot be started (${code})${why}`);
}

/** Ends the group when it is time. The caller calls `settle` after the exit; it answers why the group was ended, if it was. */
function endInTime(child: ChildProcess, closed: Promise<unknown>, timeoutMs: number, signal: AbortSignal) {
  let endedFor: Error | undefined;
  let ended: Promise<void> | undefined;
  const end = (reason: Error) => {
    endedFor ??= reason;
    ended ??= endGroup(child.pid as number, closed);
  };
  const onAbort = () => end(signal.reason);
  const timer = setTimeout(() => end(new Error(`took longer than ${timeoutMs} ms and was ended`)), timeoutMs);
  signal.addEventListener('abort', onAbort);
  return {
    async settle(): Promise<Error | undefined> {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      await ended;
      return endedFor;
    },
  };
}

/**
 * Resolves when every process of the group is gone or has been sent SIGKILL. The system cannot say whether any but the leader
 * are left, since it counts dead ones that nobody waits for. As long as one holds the output open, the group counts as alive.
 */
async function endGroup(group: number, closed: Promise<unknown>): Promise<void> {
  signalGroup(group, 'SIGTERM');
  await Promise.race([closed, sleep(KILL_MS, undefined, { ref: false })]);
  signalGroup(group, 'SIGKILL');
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // No process is left, or they belong to another user by now: the attempt has its own time limit.
  }
}

/**
 * Keeps the end of a program's output, which says best what went wrong, in a bounded number of bytes: standard output and error
 * together, in the order in which they arrive. Any bytes are fine: colours are taken out, bytes that are not text become
 * U+FFFD, and credentials are replaced before anything is cut.
 */
export class OutputTail {
  #kept = Buffer.alloc(0);
  #isCut = false;

  add(bytes: Buffer): void {
    const all = Buffer.concat([this.#kept, bytes.subarray(-KEPT_BYTES)]);
    this.#isCut ||= this.#kept.length + bytes.length > KEPT_BYTES;
    // A copy, because a view would keep the whole buffer alive.
    this.#kept = Buffer.from(all.subarray(-KEPT_BYTES));
  }

  /** `secrets` are what the program was given and must not print. */
  text(secrets: readonly string[]): string {
    const raw = stripVTControlCharacters(this.#kept.toString('utf8')).replaceAll('\r\n', '\n');
    const safe = secrets.reduce((text, secret) => text.replaceAll(secret, REDACTED), raw);
    const text = redactText(safe.replace(CONTROL, '\uFFFD'), safe.length * 2).trimEnd();
    return this.#isCut || text.length > SHOWN_MAX ? `…${text.slice(-SHOWN_MAX)}` : text;
  }
}
