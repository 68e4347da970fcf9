/** Reads what every command needs first: the environment, with `.env` in development, and the two files of config/. */
import { existsSync, readFileSync } from 'node:fs';
import { parse as parseDotenv } from 'dotenv';
import type { Problem } from '../base/errors.ts';
import { examineEnvFile } from '../base/settings/mistakes.ts';
import type { Reading } from '../serve/config/config.ts';
import { importWiring, type Settings, settingsFrom } from '../serve/config/settings.ts';

export { type Settings, sound } from '../serve/config/settings.ts';

export const ENV_FILE = '.env';

/**
 * `useDotenv`: what `.env` says holds where the environment says nothing. Outside production, commands that look in from beside
 * the service do as it does. `production`: given if NODE_ENV is not to decide.
 */
export async function readSettings(
  configDir: string | undefined,
  useDotenv = process.env.NODE_ENV !== 'production',
  production?: boolean,
): Promise<Settings> {
  const ofFile: Pick<Reading, 'problems' | 'warnings'> = useDotenv ? readDotenv() : NOTHING_WRONG;
  const given = await importWiring(configDir, process.env);
  const settings = settingsFrom(given, process.env, production);
  return {
    ...settings,
    problems: [...ofFile.problems, ...settings.problems],
    warnings: [...ofFile.warnings, ...settings.warnings],
  };
}

const NOTHING_WRONG = { problems: [], warnings: [] };
const GIVEN = new Set(Object.keys(process.env));
let fromDotenv: string[] = [];

/**
 * Into process.env, where handlers find settings of their own; again after a change, without what has gone since. Returns what
 * is wrong with the file.
 */
function readDotenv(): Pick<Reading, 'problems' | 'warnings'> {
  const text = existsSync(ENV_FILE) ? readFileSync(ENV_FILE, 'utf8') : '';
  const values = parseDotenv(text);
  for (const name of fromDotenv) delete process.env[name];
  fromDotenv = Object.keys(values).filter((name) => !GIVEN.has(name));
  for (const name of fromDotenv) process.env[name] = values[name];
  const found: { problems: Problem[]; warnings: Problem[] } = { problems: [], warnings: [] };
  examineEnvFile(ENV_FILE, text, found);
  return found;
}
