/**
 * Reads what a service is made of: the environment, the wiring (config/sources.ts) and the knobs (config/service.ts), or what
 * createConsignee was given in their place. For every command, by ops/settings.ts, and for ../instance.ts.
 */
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../../base/errors.ts';
import type { Environment } from '../../base/settings/environment.ts';
import type { SourceWiring } from '../../deliver/handler.ts';
import { importOwn } from '../../deliver/own-module.ts';
import { type Reading, readConfig } from './config.ts';
import { type ConfigFiles, findConfigFiles } from './config-folder.ts';

/** Default exports of the two files, unchecked. */
export interface GivenWiring {
  readonly sources: readonly SourceWiring[];
  readonly knobs: unknown;
  /** URL of the module that a handlers' thread imports; undefined if there is none. */
  readonly wiring: string | undefined;
}

export interface Settings extends Reading, Omit<GivenWiring, 'knobs'> {
  readonly environment: Environment;
}

/** `folder`: where the two files are, if the caller names it. Throws ConfigError if they are not there, or Error if one cannot be loaded. */
export async function importWiring(
  folder: string | undefined,
  environment: Environment,
): Promise<GivenWiring> {
  const files = findConfigFiles(folder, environment);
  const wiring = pathToFileURL(files.sources).href;
  const { default: sources } = await importOwn<{ default: SourceWiring[] }>(wiring);
  return { wiring, sources, knobs: await importKnobs(files) };
}

/** There need not be a config/service.ts; but one without a default export is a mistake. */
async function importKnobs({ service }: ConfigFiles): Promise<unknown> {
  if (service === undefined) return {};
  const { default: knobs = null } = await importOwn<{ default?: unknown }>(pathToFileURL(service).href);
  return knobs;
}

/** Lists what is wrong, and throws nothing. `production`: given if NODE_ENV is not to decide. */
export function settingsFrom(
  { sources, knobs, wiring }: GivenWiring,
  environment: Environment,
  production?: boolean,
): Settings {
  return { ...readConfig(environment, knobs, sources, production), environment, sources, wiring };
}

/** The reading, if the service could start with it. Throws ConfigError with every problem otherwise. */
export function sound<T extends Reading>(settings: T): T {
  if (settings.problems.length > 0) throw new ConfigError(settings.problems);
  return settings;
}
