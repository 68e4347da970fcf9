/**
 * The two places of a move, as the command line and the environment name them: `env:NAME` keeps a password out of the list of
 * processes. Refused are names that cannot be read, and all but the one way from a file to PostgreSQL.
 */
import { resolve } from 'node:path';
import { ConfigError, type Problem } from '../../base/errors.ts';
import type { Environment } from '../../base/settings/environment.ts';
import type { Database } from '../../inbox/contract.ts';
import { driverOf, type WayToMove, wayToMove } from '../../inbox/driver.ts';
import { readStorage } from '../../serve/config/database.ts';

export interface MovePlaces {
  readonly from: Named<WayToMove['from']>;
  readonly to: Named<WayToMove['to']>;
  readonly warnings: readonly Problem[];
}

export interface Named<D> {
  readonly database: D;
  /** The flag or variable that names it: `--to`, or `NEW`. */
  readonly setting: string;
}

interface MoveWishes {
  readonly from: string;
  readonly to: string | undefined;
}

/** A sentence if the wishes make no sense. Throws ConfigError if what they name cannot be read. */
export function readMove(
  { from, to }: MoveWishes,
  environment: Environment,
  production: boolean,
): MovePlaces | string {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const read = (flag: string, text: string | undefined): Named<Database> => {
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
  if (way) return { from: { ...source, database: way.from }, to: { ...target, database: way.to }, warnings };
  if (to === undefined && driverOf(source.database).file !== undefined)
    return 'where to? Give --to, or set DATABASE_URL to the new database';
  return 'an inbox moves from an SQLite file to PostgreSQL; there is no other way';
}

/** The problem of `DATABASE_URL`, by the name under which it was read. */
export function inTermsOf(problem: Problem, setting: string): Problem {
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
