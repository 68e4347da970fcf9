/** A reading of just these variables, with the wiring of the four providers and the knobs' defaults. */
import type { Problem } from '../../../src/base/errors.ts';
import type { Environment } from '../../../src/base/settings/environment.ts';
import { readConfig } from '../../../src/serve/config/config.ts';
import sources from '../../fixtures/four/sources.ts';

/** Looks like nothing that a message of ours would say. */
export const GOOD = 'kQ4vT9xZ2mB7nR5wY8cF3hJ6pL1sD0gA';

export function reading(environment: Environment, files: { sources?: unknown; knobs?: unknown } = {}) {
  const { sources: wirings, knobs } = { sources, knobs: {}, ...files };
  return readConfig(environment, knobs, wirings);
}

export function settingsOf(problems: readonly Problem[]): string[] {
  return problems.map(({ setting }) => setting);
}

export function sourceOf(environment: Environment, name: string) {
  const source = reading(environment).config.sources.find((candidate) => candidate.name === name);
  if (!source) throw new Error(`no source ${name}`);
  return source;
}

export function textOf(problems: readonly Problem[]): string {
  return problems.map(({ setting, wrong, fix }) => `${setting} ${wrong}. ${fix}`).join('\n');
}
