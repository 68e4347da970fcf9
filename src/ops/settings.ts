/** What every command needs first: the environment, the two files of config/, and the reading of both. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse as parseDotenv } from 'dotenv';
import { ConfigError } from '../base/errors.ts';
import type { Environment } from '../base/settings/environment.ts';
import type { SourceWiring } from '../deliver/handler.ts';
import { type Reading, readConfig } from '../serve/config/config.ts';
import type { ServiceKnobs } from '../serve/config/knobs.ts';

export const ENV_FILE = '.env';
const OWN_CONFIG = join(import.meta.dirname, '../../config');

export interface Settings extends Reading {
  readonly environment: Environment;
  readonly sources: readonly SourceWiring[];
  /** URL of the wiring, for the handlers' thread. */
  readonly wiring: string;
}

/** `useDotenv`: what `.env` says holds where the environment says nothing. */
export async function readSettings(configDir: string | undefined, useDotenv: boolean): Promise<Settings> {
  if (useDotenv) readDotenv();
  const environment: Environment = process.env;
  const { wiring, sources } = await readWiring(configDir);
  const service = (await import(moduleUrl(configDir, 'service.ts'))) as { default: ServiceKnobs };
  return { ...readConfig(environment, service.default, sources), environment, sources, wiring };
}

/** config/sources.ts alone, for what must be known before `.env` is there. */
export async function readWiring(
  configDir: string | undefined,
): Promise<Pick<Settings, 'wiring' | 'sources'>> {
  const wiring = moduleUrl(configDir, 'sources.ts');
  const { default: sources } = (await import(wiring)) as { default: SourceWiring[] };
  return { wiring, sources };
}

const GIVEN = new Set(Object.keys(process.env));
let fromDotenv: string[] = [];

/** Into process.env, where handlers find settings of their own; again after a change, without what has gone since. */
function readDotenv(): void {
  const values = existsSync(ENV_FILE) ? parseDotenv(readFileSync(ENV_FILE)) : {};
  for (const name of fromDotenv) delete process.env[name];
  fromDotenv = Object.keys(values).filter((name) => !GIVEN.has(name));
  for (const name of fromDotenv) process.env[name] = values[name];
}

/** Outside production, commands that look in from beside the service read `.env` as it does. */
export function usesDotenv(): boolean {
  return process.env.NODE_ENV !== 'production';
}

/** The reading, if the service could start with it. Throws ConfigError with every problem otherwise. */
export function sound<T extends Reading>(settings: T): T {
  if (settings.problems.length > 0) throw new ConfigError(settings.problems);
  return settings;
}

function moduleUrl(configDir: string | undefined, name: string): string {
  const own = join(configDir === undefined ? OWN_CONFIG : resolve(configDir), name);
  // Someone else's folder may leave the knobs as they are.
  return pathToFileURL(existsSync(own) ? own : join(OWN_CONFIG, name)).href;
}
