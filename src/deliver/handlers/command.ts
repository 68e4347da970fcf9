/**
 * Runs a program for each event: the exact body on its standard input, what is known of the event in its environment
 * (command/environment.ts), fixed arguments. No shell, and nothing of an event in the arguments, ever.
 *
 *   exit 0                done
 *   exit 65               Discard: this event can never work (EX_DATAERR of sysexits.h)
 *   exit 75               RetryLater: again in a minute, not counted (EX_TEMPFAIL)
 *   any other, a signal   counted, tried again
 *   over timeoutMs        ended with its whole process group; counted, tried again
 *   cannot be started     Unavailable: that says nothing of the event, so events wait until it can
 *
 * At least once: if the service is killed, or its handlers' thread is replaced, the program goes on, and the event is run
 * again, perhaps beside it. It runs as the service's user, so this is no sandbox.
 */
import { inspect } from 'node:util';
import type { Problem } from '../../base/errors.ts';
import type { Handle, HandlerOptions } from '../handler.ts';
import { Discard, RetryLater, Unavailable } from '../outcomes.ts';
import { type Choices, choicesOf } from './choices.ts';
import { givenEnvironment, secretsIn, variablesOf } from './command/environment.ts';
import { optionProblems, timeoutOf } from './command/options.ts';
import { ENDING_MS, type ProcessEnd, runProcess } from './command/process.ts';
import { programPath } from './command/program.ts';

export interface CommandOptions extends Choices {
  /** A path with a slash in it, absolute or from the folder the service runs in; or a name to be found on PATH. */
  readonly program: string;
  readonly arguments?: readonly string[];
  /** Variables of the service to pass on, `DATABASE_URL`, or fixed ones, `MODE=fast`. It gets the basics anyway. */
  readonly environment?: readonly string[];
  /** The folder it runs in; the service's own if left out. */
  readonly cwd?: string;
  /** Default 30,000. */
  readonly timeoutMs?: number;
}

/** Programs are heavier than functions. */
const CONCURRENCY = 4;
const DATAERR = 65;
const TEMPFAIL = 75;
const LATER_MS = 60_000;

export function command(options: CommandOptions): HandlerOptions {
  const problems = optionProblems(options);
  return {
    handle: problems[0] ? refusal(problems[0]) : runOn(options),
    problems,
    timeLimitMs: timeoutOf(options) + ENDING_MS,
    target: targetOf(options),
    concurrency: CONCURRENCY,
    ...choicesOf(options),
  };
}

/** `concurrency: 1` is to mean one process at a time, also for a handler wired under several sources. */
function targetOf(options: CommandOptions): string {
  const { program, arguments: fixed, environment, cwd } = options ?? {};
  return `command ${inspect([program, fixed, environment, cwd], { maxArrayLength: null, maxStringLength: null })}`;
}

/** The service does not start with a problem; but its thread may start anew after the program went away. */
function refusal({ setting, wrong }: Problem): Handle {
  return () => {
    throw new Unavailable(`${setting} ${wrong}`);
  };
}

function runOn(options: CommandOptions): Handle {
  const environment = givenEnvironment(options.environment);
  const secrets = secretsIn(options.environment);
  const program = {
    path: programPath(options.program) ?? options.program,
    arguments: options.arguments ?? [],
    cwd: options.cwd,
    timeoutMs: timeoutOf(options),
  };
  return async (event, { signal, record }) => {
    const run = { ...program, environment: { ...environment, ...variablesOf(event) }, input: event.body };
    const end = await runProcess(run, signal);
    const status = statusOf(end);
    const output = end.output.text(secrets);
    record({ status, ...(output !== '' && { output }) });
    judge(end, status);
  };
}

function statusOf({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit ${code}` : `killed by ${signal}`;
}

function judge({ code, endedFor }: ProcessEnd, status: string): void {
  // What it says with its exit code when it was told to end is not about the event.
  if (endedFor) throw endedFor;
  if (code === 0) return;
  if (code === DATAERR) throw new Discard(status);
  if (code === TEMPFAIL) throw new RetryLater(LATER_MS, status);
  throw new Error(status);
}
