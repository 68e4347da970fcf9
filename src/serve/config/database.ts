/**
 * Reads where the inbox is (DATABASE_URL, or the file that DATABASE_URL_FILE names), and the folder for what stays on this
 * machine beside it (DATA_DIR). Messages never show the URL: it may have a password in it. Called by config.ts.
 */
import { join } from 'node:path';
import type { Problem } from '../../base/errors.ts';
import {
  type Environment,
  type EnvironmentReading,
  readFileOf,
  refuseBoth,
  textOf,
} from '../../base/settings/environment.ts';
import { isPlaceholder } from '../../base/settings/secrets.ts';
import type { Database } from '../../inbox/contract.ts';
import { driverOf, readDatabase } from '../../inbox/driver.ts';

const SETTING = 'DATABASE_URL';
const FILE_SETTING = 'DATABASE_URL_FILE';

export interface StorageSettings {
  readonly database: Database;
  /** The folder for everything that is not in the database. */
  readonly dataDir: string;
  /** The file of the refused requests. They are always on this machine. */
  readonly refusedPath: string;
}

/** Whether a problem concerns the database's URL: then there is no use in opening it. */
export function isAboutDatabase({ setting }: Problem): boolean {
  return setting === SETTING || setting === FILE_SETTING;
}

export function readStorage({
  environment,
  production,
  problems,
  warnings,
}: EnvironmentReading): StorageSettings {
  const dataDir = textOf(environment, 'DATA_DIR') ?? 'data';
  const { setting, value = `sqlite:${join(dataDir, 'inbox.db')}` } = urlIn(environment, problems);
  const { database, mistakes, password, isInTheOpen } = readDatabase(value);
  problems.push(...mistakes.map((mistake) => ({ setting, ...mistake })));
  if (password !== undefined && isPlaceholder(password)) {
    const fix = 'Give the role a real one: `openssl rand -hex 32` makes one.';
    const wrong = 'has a placeholder for a password';
    (production ? problems : warnings).push({ setting, wrong, fix });
  }
  if (production && isInTheOpen) {
    const fix = 'Add ?sslmode=verify-full, unless the network between is yours alone.';
    warnings.push({ setting, wrong: 'names a database on another machine without TLS', fix });
  }
  const { file } = driverOf(database);
  return {
    database,
    dataDir,
    refusedPath: file === undefined ? join(dataDir, 'refused.db') : `${file}-refused`,
  };
}

function urlIn(environment: Environment, problems: Problem[]): { setting: string; value?: string } {
  const inline = textOf(environment, SETTING);
  const file = textOf(environment, FILE_SETTING);
  refuseBoth(SETTING, inline, file, problems);
  if (inline !== undefined) return { setting: SETTING, value: inline };
  if (file === undefined) return { setting: SETTING };
  const value = readFileOf(FILE_SETTING, file, problems)?.trim();
  if (value === '') {
    const fix = 'Write the URL there, or unset the variable.';
    problems.push({ setting: FILE_SETTING, wrong: 'names a file that is empty', fix });
  }
  return { setting: FILE_SETTING, ...(value && { value }) };
}
