/**
 * One run of a program, from its start to the end of its process group. Called by command.ts for each attempt.
 *
 *   started ── exits ──▶ the rest of its output, at most OUTPUT_MS ──▶ over
 *   started ── the time is over, or the service stops ──▶ SIGTERM to the group ── KILL_MS ──▶ SIGKILL ──▶ over
 *
 * It leads a process group of its own, so that its children are ended with it. What it leaves running in the background
 * when it exits by itself is left alone, and not listened to any more. Who makes himself a group of his own escapes.
 *
 * Standard input, output and error are sockets, as Node makes them: `cat` and `>&2` work, opening /dev/stdin or
 * /dev/stderr by name does not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../../outcomes.ts';
import { OutputTail } from './output-tail.ts';

export interface Run {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly input: Buffer;
  readonly timeoutMs: number;
}

export interface ProcessEnd {
  /** One of the two is null. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: OutputTail;
  /** Why it was ended, if it did not end by itself. */
  readonly endedFor: Error | undefined;
}

/** A stopping service aborts after 8 of its 10 s: whoever ignores SIGTERM must be gone before it leaves. */
const KILL_MS = 1_500;
/** Its children may hold its output open for ever. */
const OUTPUT_MS = 500;
/** So much longer than its program an attempt may take. */
export const ENDING_MS = 5_000;

/** Throws Unavailable if the program cannot be started. When it resolves, the process is gone. */
export async function runProcess(run: Run, signal: AbortSignal): Promise<ProcessEnd> {
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
    // Node throws some of the reasons, ENOMEM for one, and emits the others.
    throw notStarted({ path }, error);
  }
}

function notStarted({ path }: Pick<Run, 'path'>, error: unknown): Unavailable {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? ': it, its interpreter or its cwd is not there' : '';
  return new Unavailable(`${path} cannot be started (${code})${why}`);
}

/** Ends the group when it is time; `settle` says that it has exited, and answers why it was ended, if it was. */
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
 * Resolves when all of the group are gone or have been sent SIGKILL. Whether others than the leader are left cannot be
 * asked, dead ones that nobody waits for count as well; but as long as one holds the output, it is taken for alive.
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
    // Nobody is left, or they are another user's by now: the attempt has its own time limit.
  }
}
