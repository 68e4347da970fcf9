/**
 * The rules for the options of a command, and the environment that its program gets: the service's own holds secrets, so the
 * program gets the basics, the variables that the configuration names, and facts about the event. For handlers/command.ts.
 * Arguments and variables may hold secrets, so messages show none of their values.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { isSensitive } from '../../../base/log/redact.ts';
import {
  type Flaw,
  flaw,
  integer,
  listOfTexts,
  type ReadValue,
  type RulesFor,
  text,
  withDefault,
} from '../../../base/settings/rules.ts';
import { DAY_MS } from '../../../base/times.ts';
import type { WebhookEvent } from '../../../verify/event.ts';
import type { Choices } from '../options.ts';
import { ENDING_MS } from './process.ts';

/** What is wrong with them is listed at the start. */
export interface CommandOptions extends Choices {
  /** A path with a slash in it, absolute or from the folder the service runs in; or a name to be found on PATH. */
  readonly program: string;
  /** The same for every event: what is in one comes on standard input and in variables. */
  readonly arguments?: readonly string[];
  /** Variables of the service to pass on, `DATABASE_URL`, or fixed ones, `MODE=fast`. It gets the basics anyway. */
  readonly environment?: readonly string[];
  /** The folder it runs in; the service's own if left out. */
  readonly cwd?: string;
  /** Then it is ended, and the attempt has failed. Default 30,000. */
  readonly timeoutMs?: number;
}

const BASICS = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
/** Linux takes 128 KiB for one string, and hardly more for all strings together where the stack is small. */
const VALUE_BYTES_MAX = 32 * 1_024;
/** Shorter values are words that may stand in any output. */
const SECRET_MIN = 6;
const NAME = /^[a-z_][a-z0-9_]*$/i;
/** A message repeats these names only: another text may be a secret that was written where its name belongs. */
const USUAL_NAME = /^[A-Z][A-Z0-9_]*$/;

export const COMMAND_RULES = {
  program: readProgram,
  arguments: listOfTexts(
    (argument) => !argument.includes('\0'),
    "Write a list of strings: arguments: ['--limit', '10'].",
    { wrong: 'is not a list of strings without NUL' },
    true,
  ),
  environment: readVariables,
  cwd: text(isFolder, `Name a folder that is there; a relative one begins in ${process.cwd()}.`),
  // A handler's time limit is at most a day.
  timeoutMs: withDefault(integer(1, DAY_MS - ENDING_MS), 30_000),
} satisfies RulesFor<Omit<CommandOptions, keyof Choices>>;

function readProgram(given: unknown): ReadValue<string | undefined> {
  if (typeof given === 'string' && given !== '') return { value: given, flaws: programFlaws(given) };
  const wrong = given === undefined ? 'is missing' : 'is not the name or path of a program';
  return { value: undefined, flaws: [flaw(wrong, "Name one: program: './on-event.sh'.")] };
}

function programFlaws(program: string): Flaw[] {
  if (programPath(program) !== undefined) return [];
  if (!program.includes('/')) {
    const fix = `Install it, or write its path: './${program}' is looked for in the folder the service runs in.`;
    return [flaw(`is ${program}, which is not on PATH`, fix)];
  }
  const fix = `Look for it in ${process.cwd()} if its path is relative, or run chmod +x on it.`;
  return [flaw(`is ${program}, which is not an executable file here`, fix)];
}

function readVariables(given: unknown): ReadValue<readonly string[] | undefined> {
  const fix = "Write a list of strings: environment: ['DATABASE_URL', 'MODE=fast'].";
  const { value, flaws } = listOfTexts(() => true, fix, { wrong: 'is not a list of strings' }, true)(given);
  return { value, flaws: [...flaws, ...(value ?? []).flatMap((entry, at) => variableFlaw(entry, at) ?? [])] };
}

function variableFlaw(entry: string, at: number): Flaw | undefined {
  const [variable, value] = readVariable(entry);
  const which = USUAL_NAME.test(variable) ? variable : `an entry (number ${at + 1})`;
  if (!NAME.test(variable) || value?.includes('\0')) {
    return flaw(`has ${which}, which cannot be a variable`, 'Write NAME to pass it on, or NAME=value.');
  }
  if (variable.startsWith('CONSIGNEE_')) {
    const fix = 'Names with CONSIGNEE_ are for what is known of the event.';
    return flaw(`has ${which}, which is not yours to set`, fix);
  }
  if (value !== undefined) return undefined;
  return flaw(`passes ${which} on, and it is not set`, 'Set it, to nothing if need be.');
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Finds a program as a shell would: a name with a slash is a path, any other is looked for on PATH. Answers with the absolute
 * path; undefined if there is no executable file by that name.
 */
export function programPath(program: string): string | undefined {
  if (program.includes('/')) return isExecutable(program) ? resolve(program) : undefined;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(join(folder, program))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The basics and the variables that `entries` name, without those that are not set. */
export function givenEnvironment(entries: readonly string[] = []): Record<string, string> {
  const basics = BASICS.map((name) => [name, process.env[name]] as const);
  return keepSet([...basics, ...entries.map(readVariable)]);
}

/** `NAME` is passed on from the service's environment, `NAME=value` is fixed. */
function readVariable(entry: string): readonly [string, string | undefined] {
  const at = entry.indexOf('=');
  return at === -1 ? [entry, process.env[entry]] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** Values that must not be shown if the program prints them. */
export function secretsIn(entries: readonly string[] = []): string[] {
  return entries
    .map(readVariable)
    .filter(([name, value]) => value && (isSensitive(name) || value.includes('://')))
    .map(([, value]) => value as string)
    .filter((value) => value.length >= SECRET_MIN);
}

/**
 * Facts about the event. The sender chooses type and external id, so a shell must quote them. Either is not set if the event has none, or if an
 * environment cannot hold it: with a NUL, with half a surrogate pair, or over 32 KiB. It is not cut to fit: a changed id would
 * be another event's.
 */
export function variablesOf(event: WebhookEvent): Record<string, string> {
  return keepSet([
    ['CONSIGNEE_EVENT_ID', event.id],
    ['CONSIGNEE_SOURCE', event.source],
    ['CONSIGNEE_TYPE', fitting(event.type)],
    ['CONSIGNEE_EXTERNAL_ID', fitting(event.externalId)],
    ['CONSIGNEE_RECEIVED_AT', event.receivedAt.toISOString()],
    ['CONSIGNEE_ATTEMPT', String(event.attempt)],
  ]);
}

function fitting(text: string | null): string | undefined {
  if (text === null || text.includes('\0') || !text.isWellFormed()) return undefined;
  return Buffer.byteLength(text) > VALUE_BYTES_MAX ? undefined : text;
}

function keepSet(variables: readonly (readonly [string, string | undefined])[]): Record<string, string> {
  return Object.fromEntries(variables.filter(([, value]) => value !== undefined)) as Record<string, string>;
}
