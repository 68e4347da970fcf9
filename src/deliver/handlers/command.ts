/**
 * Runs a program for each event. It gets the exact body on its standard input, facts about the event in its environment
 * (command/options.ts), and fixed arguments. There is no shell, and nothing of an event is ever in the arguments.
 *
 *   exit 0                done
 *   exit 65               Discard: this event can never work (EX_DATAERR of sysexits.h)
 *   exit 75               RetryLater: again in a minute, not counted (EX_TEMPFAIL)
 *   any other, a signal   counted, tried again
 *   over timeoutMs        ended with its whole process group; counted, tried again
 *   cannot be started     Unavailable: this is not the event's fault, so events wait until it can
 *
 * At least once: if the service is killed, or its handlers' thread is replaced, the program goes on, and the event is run
 * again, perhaps beside it. It runs as the service's user, so this is no sandbox.
 */
import { inspect } from 'node:util';
import type { ValuesOf } from '../../base/settings/rules.ts';
import { MINUTE_MS } from '../../base/times.ts';
import { Discard, type Handle, type HandlerOptions, RetryLater } from '../handler.ts';
import {
  COMMAND_RULES,
  type CommandOptions,
  givenEnvironment,
  programPath,
  secretsIn,
  variablesOf,
} from './command/options.ts';
import { ENDING_MS, runProcess } from './command/process.ts';
import { choicesOf, readOptions, refuseEvents } from './options.ts';

export type { CommandOptions };

/** Programs are heavier than functions. */
const CONCURRENCY = 4;
const DATAERR = 65;
const TEMPFAIL = 75;
const LATER_MS = MINUTE_MS;

/** A handler that runs a program for each event, with the body on its standard input. No shell is between. docs/targets.md */
export function command(options: CommandOptions): HandlerOptions {
  const whom = options?.program && typeof options.program === 'string' ? options.program : 'command';
  const { given, problems } = readOptions(whom, options, COMMAND_RULES);
  const { program, arguments: fixed, environment, cwd } = given;
  return {
    handle: problems.length > 0 ? refuseEvents(problems[0]) : startForEach(given),
    problems,
    timeLimitMs: given.timeoutMs + ENDING_MS,
    // With `concurrency: 1` there is one process at a time, also for a handler that several sources wire.
    target: `command ${inspect([program, fixed, environment, cwd], { maxArrayLength: null, maxStringLength: null })}`,
    concurrency: CONCURRENCY,
    ...choicesOf(options),
  };
}

function startForEach(given: ValuesOf<typeof COMMAND_RULES>): Handle {
  const { program: named = '', arguments: fixed = [], environment: passed, cwd, timeoutMs } = given;
  const environment = givenEnvironment(passed);
  const secrets = secretsIn(passed);
  const program = { path: programPath(named) ?? named, arguments: fixed, cwd, timeoutMs };
  return async (event, { signal, record }) => {
    const run = { ...program, environment: { ...environment, ...variablesOf(event) }, input: event.body };
    const { code, signal: killedBy, output: tail, endedFor } = await runProcess(run, signal);
    const status = killedBy === null ? `exit ${code}` : `killed by ${killedBy}`;
    const output = tail.text(secrets);
    record({ status, ...(output !== '' && { output }) });
    // The exit code of a program that was told to end says nothing about the event.
    if (endedFor) throw endedFor;
    if (code === 0) return;
    if (code === DATAERR) throw new Discard(status);
    if (code === TEMPFAIL) throw new RetryLater(LATER_MS, status);
    throw new Error(status);
  };
}
