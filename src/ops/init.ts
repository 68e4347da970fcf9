/**
 * `consignee init FOLDER`: makes a project there. `consignee init`: writes `.env` with a fresh secret for each source of
 * config/sources.ts, readable by its owner only, as `serve --dev` does at its first run. What is there is never touched.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { VERSION } from '../base/version.ts';
import { sourceNameOf } from '../deliver/handlers.ts';
import { importWiring } from '../serve/config/settings.ts';
import type { Preset } from '../verify/preset.ts';
import { presets } from '../verify/presets-by-name.ts';
import { noPreset, providerNames } from './provider-names.ts';
import { scaffold } from './scaffold.ts';
import { secretsOf } from './secrets-file.ts';
import { ENV_FILE } from './settings.ts';
import { complain, misused, say, TEXT } from './terminal.ts';

export const usage = `Usage: npm create consignee FOLDER [-- --sources NAMES]
       consignee init FOLDER [--sources NAMES]

  Makes a project in FOLDER: wiring, a handler, its test, secrets for this
  machine, and what it takes to run it in a container. Files that are there
  already are left as they are.

  --sources NAMES   providers, as in shippo,flexport; without it you are asked,
                    on a terminal. The providers are

${providerNames()}

Without a FOLDER: writes .env with a fresh secret for each source of
config/sources.ts, if there is no .env yet.
`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { config: TEXT, sources: TEXT },
  });
  const [folder, ...more] = positionals;
  if (more.length > 0) return misused('init takes one folder', usage);
  if (folder === undefined) {
    if (!(await writeEnvFile(values.config))) say(`${ENV_FILE} is there already and was left as it is.`);
    return 0;
  }
  const names = (values.sources ?? (await askForSources())).split(',').map((name) => name.trim());
  const wanted = names.filter(Boolean).map((name) => [name, presets[name]] as const);
  const unknown = wanted.filter(([, preset]) => preset === undefined).map(([name]) => name);
  if (unknown.length > 0) return misused(noPreset(unknown), usage);
  return makeProject(
    folder,
    wanted.flatMap(([, preset]) => preset ?? []),
  );
}

const USUAL = 'shippo';

async function askForSources(): Promise<string> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return USUAL;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${providerNames()}\n\nWho sends? [${USUAL}] `);
  terminal.close();
  return answer.trim() || USUAL;
}

function makeProject(folder: string, wanted: readonly Preset[]): number {
  try {
    const written = scaffold(folder, wanted);
    for (const { file, isNew } of written)
      say(isNew ? `  ${file}` : `  ${file}  was there already: left as it is`);
  } catch (error) {
    return complain(`${folder} cannot be written to: ${(error as Error).message}`);
  }
  const steps = [...installSteps(folder), 'npm run dev'].map((step) => `  ${step}\n`);
  say(`\nNow:\n\n${steps.join('')}`);
  return 0;
}

const CLONE = join(import.meta.dirname, '../..');

/** A clone makes the package that its project installs. */
function installSteps(folder: string): string[] {
  if (!existsSync(join(CLONE, 'scripts/pack.ts'))) return [`cd ${folder}`, 'npm install'];
  const [there, tarball] = [relative('.', CLONE), join(CLONE, `build/consignee-${VERSION}.tgz`)];
  return [
    `npm run pack${there === '' ? '' : ` --prefix ${there}`}`,
    `cd ${folder}`,
    `npm install ${relative(resolve(folder), tarball)}`,
  ];
}

/** Says that it did. False if there is one already. */
export async function writeEnvFile(configDir: string | undefined): Promise<boolean> {
  if (existsSync(ENV_FILE)) return false;
  const { sources } = await importWiring(configDir, process.env);
  const text = secretsOf(sources.map((wiring) => ({ preset: wiring.preset, source: sourceNameOf(wiring) })));
  try {
    writeFileSync(ENV_FILE, text, { mode: 0o600, flag: 'wx' });
    say(`Wrote ${ENV_FILE} with fresh secrets (readable by you only).`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
