/** What may be wrong in the options of a command, found when it is built. Every problem at once, none of them thrown. */
import { statSync } from 'node:fs';
import type { Problem } from '../../../base/errors.ts';
import { unknownOptions } from '../choices.ts';
import { OWN_PREFIX, readEntry } from './environment.ts';
import { ENDING_MS } from './process.ts';
import { programPath } from './program.ts';

const TIMEOUT_MS = 30_000;
/** A handler's time limit is at most a day. */
const TIMEOUT_MAX_MS = 86_400_000 - ENDING_MS;
const SETTING = 'config/sources.ts';
const OPTIONS = ['program', 'arguments', 'environment', 'cwd', 'timeoutMs'];
const NAME = /^[a-z_][a-z0-9_]*$/i;
/** Whoever wrote a value where a name belongs has hardly written one of these: others are not repeated in a message. */
const USUAL_NAME = /^[A-Z][A-Z0-9_]*$/;

/** The options as they may really be: the wiring may have been written without a type check. */
type Given = Readonly<Record<string, unknown>>;

export function optionProblems(options: unknown): Problem[] {
  if (typeof options !== 'object' || options === null) {
    return [problem('gives command no options', "Write command({ program: './on-event.sh' }).")];
  }
  const given = options as Given;
  const { program } = given;
  const name = typeof program === 'string' && program !== '' ? program : 'command';
  return [
    ...unknownOptions(name, given, OPTIONS),
    ...programProblems(program),
    ...argumentProblems(given, name),
    ...environmentProblems(given, name),
    ...placeProblems(given, name),
  ];
}

/** The default where there is none, or one that cannot be. */
export function timeoutOf(options: Partial<Record<'timeoutMs', unknown>> | null | undefined): number {
  return isTimeout(options?.timeoutMs) ? options.timeoutMs : TIMEOUT_MS;
}

function problem(wrong: string, fix: string): Problem {
  return { setting: SETTING, wrong, fix };
}

function programProblems(program: unknown): Problem[] {
  if (typeof program !== 'string' || program === '') {
    return [problem('gives command no program', "Name one: program: './on-event.sh'.")];
  }
  if (programPath(program) !== undefined) return [];
  if (!program.includes('/')) {
    const fix = `Install it, or write its path: './${program}' is looked for in the folder the service runs in.`;
    return [problem(`gives command the program ${program}, which is not on PATH`, fix)];
  }
  const wrong = `gives command the program ${program}, which is not an executable file here`;
  return [problem(wrong, `Look for it in ${process.cwd()} if its path is relative, or run chmod +x on it.`)];
}

function argumentProblems({ arguments: fixed }: Given, name: string): Problem[] {
  if (fixed === undefined || (isTextList(fixed) && fixed.every((text) => !text.includes('\0')))) return [];
  const fix = "Write a list of strings: arguments: ['--limit', '10'].";
  return [problem(`gives ${name} arguments that cannot be`, fix)];
}

function environmentProblems({ environment }: Given, name: string): Problem[] {
  if (environment === undefined) return [];
  if (!isTextList(environment)) {
    const fix = "Write a list of strings: environment: ['DATABASE_URL', 'MODE=fast'].";
    return [problem(`gives ${name} an environment that cannot be`, fix)];
  }
  return environment.flatMap((entry, at) => {
    const [variable, value] = readEntry(entry);
    const shown = USUAL_NAME.test(variable) ? variable : `entry ${at + 1} of its environment`;
    if (!NAME.test(variable) || value?.includes('\0')) {
      const wrong = `gives ${name} ${shown}, which cannot be a variable`;
      return [problem(wrong, 'Write NAME to pass it on, or NAME=value.')];
    }
    if (variable.startsWith(OWN_PREFIX)) {
      return [
        problem(`gives ${name} ${shown}`, `Names with ${OWN_PREFIX} are for what is known of the event.`),
      ];
    }
    if (value !== undefined) return [];
    return [problem(`passes ${shown} on to ${name}, and it is not set`, 'Set it, to nothing if need be.')];
  });
}

function placeProblems({ cwd, timeoutMs }: Given, name: string): Problem[] {
  const problems: Problem[] = [];
  if (cwd !== undefined && !(typeof cwd === 'string' && isFolder(cwd))) {
    const fix = `Make the folder, or name another; a relative one begins in ${process.cwd()}.`;
    problems.push(problem(`gives ${name} a cwd that is not a folder here`, fix));
  }
  if (timeoutMs !== undefined && !isTimeout(timeoutMs)) {
    problems.push(problem(`gives ${name} a timeoutMs that cannot be`, `Use 1 to ${TIMEOUT_MAX_MS}.`));
  }
  return problems;
}

function isTimeout(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= TIMEOUT_MAX_MS;
}

function isTextList(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((one) => typeof one === 'string');
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
