/**
 * `consignee migrate`: moves an inbox from an SQLite file to PostgreSQL. What happens in which order, and why nothing is lost or
 * due twice wherever it ends, is told in ../inbox/move.ts.
 *
 * Exit 64 if the wishes make no sense, 78 if a place is not fit, 1 if something goes wrong on the way: then it can be run
 * again, as before. Passwords are never shown.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, type Problem } from '../base/errors.ts';
import type { Environment } from '../base/settings/environment.ts';
import { spelled } from '../base/words.ts';
import type { Database } from '../inbox/contract.ts';
import { driverOf, type WayToMove, wayToMove } from '../inbox/driver.ts';
import { type MoveOutcome, moveInbox, openSource, type Source } from '../inbox/move.ts';
import { readStorage } from '../serve/config/database.ts';
import { readSettings } from './settings.ts';
import { complain, describeProblem, EXIT_CONFIG, misused, say, sayWrong, TEXT } from './terminal.ts';

export const usage = `Usage: npm run migrate -- --from sqlite:PATH [--to postgres://…]

  Moves an inbox into an empty PostgreSQL database, with all that is known of
  its events and with what is still to do. Stop the service first, and start
  replicas afterwards. It compares what it has copied before anything counts,
  and can be run again if it was interrupted.

  --from   sqlite:PATH
  --to     postgres://user:password@host:5432/database; without it DATABASE_URL
           or DATABASE_URL_FILE

  Either may be env:NAME instead, for the variable NAME or the file that
  NAME_FILE names: what stands on the command line, others on this machine can
  read.
`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { from: TEXT, to: TEXT, config: TEXT } });
  const { from, to } = values;
  if (!from?.trim()) return misused('where from? Give --from, as in --from sqlite:data/inbox.db', usage);
  const { environment, config } = await readSettings(values.config);
  try {
    const places = readMove(from, to, environment, config.production);
    if (typeof places === 'string') return misused(places, usage);
    for (const { setting, wrong, fix } of places.warnings) sayWrong(`${setting} ${wrong}. ${fix}`);
    return await move(places, config.knobs.postgres.leaseMs);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return complain(`nothing was moved:\n\n${error.problems.map(describeProblem).join('')}`, EXIT_CONFIG);
  }
}

async function move({ from, to, fromSetting, toSetting }: NamedMove, leaseMs: number): Promise<number> {
  const { path } = from;
  const { url, place } = to;
  const source = openNamed(path, fromSetting);
  try {
    const outcome = await moveInbox({ source, from: resolve(path), url, place, leaseMs, tell: say });
    say(`${outcomeText(outcome, path, place)}\n\n${nextStep(toSetting)}`);
    return 0;
  } catch (error) {
    if (error instanceof ConfigError) throw inWordsOf(toSetting, error);
    // The driver's errors have names of their own, and some have a code for all their words.
    const { message, code } = error as NodeJS.ErrnoException;
    return complain(`the move has stopped: ${message || code}.\n${whereItIs(source, path, place)}`);
  } finally {
    source.close();
  }
}

function openNamed(path: string, setting: string): Source {
  try {
    return openSource(path);
  } catch (error) {
    throw error instanceof ConfigError ? inWordsOf(setting, error) : error;
  }
}

function inWordsOf(setting: string, { problems }: ConfigError): ConfigError {
  return new ConfigError(problems.map((problem) => inTermsOf(problem, setting)));
}

function outcomeText(outcome: MoveOutcome, path: string, place: string): string {
  if (outcome.what === 'before') return `${path} has moved to ${place} already, at ${outcome.at}.`;
  const todo = spelled(outcome.work, 'delivery', 'deliveries');
  if (outcome.what === 'finished') return `Finished the move of ${path} to ${place}: ${todo} to do.`;
  const { events, purged, attempts } = outcome;
  return [
    `Moved ${spelled(events, 'event')} from ${path} to ${place}, with ${spelled(attempts, 'attempt')} and ${todo} to do.`,
    ...(purged > 0
      ? [`  ${spelled(purged, 'event')} had been purged: what duplicates are known by has moved.`]
      : []),
    `${path} keeps its events and has nothing to do; the service does not open it any more.`,
  ].join('\n');
}

function nextStep(setting: string): string {
  if (setting === 'DATABASE_URL') return 'Now start the service:\n\n  npm start';
  const which = setting === '--to' ? 'what you gave as --to' : `what ${setting} holds`;
  return `Now set DATABASE_URL to ${which}, and start the service:\n\n  npm start`;
}

function whereItIs(source: Source, path: string, place: string): string {
  if (!source.moved) return `${path} is in force as before, and the same command can be run again.`;
  return `All is at ${place}, and nothing is due there yet: run the same command again, it finishes the move.`;
}

/** Each place under the flag or variable that names it: `--to`, or `NEW`. */
interface NamedMove extends WayToMove {
  readonly fromSetting: string;
  readonly toSetting: string;
  readonly warnings: readonly Problem[];
}

/**
 * The two places of a move, as the command line and the environment name them: `env:NAME` keeps a password out of the list of
 * processes. A sentence if the wishes make no sense. Throws ConfigError if what they name cannot be read.
 */
function readMove(
  from: string,
  to: string | undefined,
  environment: Environment,
  production: boolean,
): NamedMove | string {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const read = (flag: string, text: string | undefined) => {
    const { setting, values } = valuesNamed(flag, text, environment, problems);
    const found: Problem[] = [];
    const { database } = readStorage({ environment: values, production, problems: found, warnings });
    problems.push(...found.map((problem) => inTermsOf(problem, setting)));
    return { database, setting };
  };
  const [source, target] = [read('--from', from), read('--to', to)];
  if (problems.length > 0) throw new ConfigError(problems);
  if (whereIs(source.database) === whereIs(target.database)) return '--from and --to are the same place';
  const way = wayToMove(source.database, target.database);
  if (way) return { ...way, fromSetting: source.setting, toSetting: target.setting, warnings };
  if (to === undefined && driverOf(source.database).file !== undefined)
    return 'where to? Give --to, or set DATABASE_URL to the new database';
  return 'an inbox moves from an SQLite file to PostgreSQL; there is no other way';
}

/** The problem of `DATABASE_URL`, by the name under which it was read. */
function inTermsOf(problem: Problem, setting: string): Problem {
  return { ...problem, setting: problem.setting.replace(/^DATABASE_URL(?=$|_FILE$)/, setting) };
}

function valuesNamed(flag: string, text: string | undefined, environment: Environment, problems: Problem[]) {
  if (text === undefined) return { setting: 'DATABASE_URL', values: environment };
  const [, name] = /^env:(.*)$/s.exec(text.trim()) ?? [];
  if (name === undefined) return { setting: flag, values: { DATABASE_URL: text } };
  const values = { DATABASE_URL: environment[name], DATABASE_URL_FILE: environment[`${name}_FILE`] };
  if (!values.DATABASE_URL?.trim() && !values.DATABASE_URL_FILE?.trim()) {
    const fix = 'Set it to a URL, or name another one.';
    problems.push({ setting: flag, wrong: `names the variable ${name}, which is not set`, fix });
  }
  return { setting: name, values };
}

function whereIs(database: Database): string {
  const { file, place } = driverOf(database);
  return file === undefined ? place : resolve(file);
}
