/**
 * Finds the user's own files: sources.ts (who may send, and what happens then) and service.ts (the knobs), or the same names
 * with .js or .mjs. For every command and for createConsignee, by settings.ts.
 *
 *   --config DIR, or `config` of createConsignee  ›  CONSIGNEE_CONFIG  ›  ./config of the working folder  ›  config/ of this project, in a clone of it
 *
 * A folder that is named and has no wiring in it is a mistake, and never a reason to look further.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, type Problem } from '../../base/errors.ts';
import type { Environment } from '../../base/settings/environment.ts';

const ENDINGS = ['ts', 'js', 'mjs'];
const WIRING_NAMES = ENDINGS.map((ending) => `sources.${ending}`);
const OWN_CONFIG = join(import.meta.dirname, '../../../config');

export interface ConfigFiles {
  readonly sources: string;
  /** Undefined if every knob has its default. */
  readonly service: string | undefined;
}

/** `named`: the folder that the caller names. Paths are absolute. Throws ConfigError if there is no wiring where it must be. */
export function findConfigFiles(named: string | undefined, environment: Environment): ConfigFiles {
  const { CONSIGNEE_CONFIG: fromEnvironment } = environment;
  if (named !== undefined) return filesIn(named) ?? fail(nothingIn('--config', named));
  if (fromEnvironment)
    return filesIn(fromEnvironment) ?? fail(nothingIn('CONSIGNEE_CONFIG', fromEnvironment));
  return filesIn('config') ?? filesIn(OWN_CONFIG) ?? fail(NOTHING);
}

function filesIn(folder: string): ConfigFiles | undefined {
  const find = (name: string) =>
    ENDINGS.map((ending) => resolve(folder, `${name}.${ending}`)).find(existsSync);
  const sources = find('sources');
  return sources === undefined ? undefined : { sources, service: find('service') };
}

function fail(problem: Problem): never {
  throw new ConfigError([problem]);
}

function nothingIn(setting: string, folder: string): Problem {
  const wrong = `names ${resolve(folder)}, where there is no ${WIRING_NAMES.join(', ').replace(/, (?=\S+$)/, ' or ')}`;
  return { setting, wrong, fix: 'Name the folder with your sources.ts.' };
}

const NOTHING: Problem = {
  setting: 'This folder',
  wrong: 'has no config/sources.ts',
  fix: 'Go to your project, say where it is with --config DIR, or make a new one with `consignee init my-hooks`.',
};
