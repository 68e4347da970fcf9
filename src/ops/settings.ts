/** Reads what every command needs first: the environment and the two files of config/. */
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parse as parseDotenv } from 'dotenv';
import { ConfigError, type Problem } from '../base/errors.ts';
import type { Environment } from '../base/settings/environment.ts';
import { examineEnvFile } from '../base/settings/mistakes.ts';
import type { SourceWiring } from '../deliver/handler.ts';
import { importOwn } from '../deliver/own-module.ts';
import { type Reading, readConfig } from '../serve/config/config.ts';
import { type ConfigFiles, findConfigFiles } from './config-folder.ts';

export const ENV_FILE = '.env';

export interface Settings extends Reading {
  readonly environment: Environment;
  readonly sources: readonly SourceWiring[];
  /** URL of the wiring, for the handlers' thread. */
  readonly wiring: string;
}

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
  const environment: Environment = process.env;
  const files = findConfigFiles(configDir);
  const { wiring, sources } = await importWiring(files);
  const knobs = await readKnobsFile(files);
  const { config, problems, warnings } = readConfig(environment, knobs, sources, production);
  return {
    config,
    problems: [...ofFile.problems, ...problems],
    warnings: [...ofFile.warnings, ...warnings],
    environment,
    sources,
    wiring,
  };
}

/** config/sources.ts alone, for what must be known before `.env` is there. */
export async function readWiring(configDir: string | undefined) {
  return await importWiring(findConfigFiles(configDir));
}

async function importWiring({ sources: file }: ConfigFiles) {
  const wiring = pathToFileURL(file).href;
  const { default: sources } = await importOwn<{ default: SourceWiring[] }>(wiring);
  return { wiring, sources };
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

/** The reading, if the service could start with it. Throws ConfigError with every problem otherwise. */
export function sound<T extends Reading>(settings: T): T {
  if (settings.problems.length > 0) throw new ConfigError(settings.problems);
  return settings;
}

/** What config/service.ts exports, unchecked. There need not be such a file; but one without a default export is a mistake. */
async function readKnobsFile({ service }: ConfigFiles): Promise<unknown> {
  if (service === undefined) return {};
  const { default: knobs = null } = await importOwn<{ default?: unknown }>(pathToFileURL(service).href);
  return knobs;
}
