/**
 * `consignee init`: writes `.env` with a fresh secret for each source of config/sources.ts, readable by its owner only. A file
 * that is there already is never touched. `serve --dev` does the same at its first run.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { SourceWiring } from '../deliver/handler.ts';
import { sourceNameOf } from '../deliver/handlers.ts';
import { prefixOf } from '../serve/config/source.ts';
import { firstSetting } from '../verify/checks.ts';
import { isAsymmetric } from '../verify/form/vocabulary.ts';
import { ENV_FILE, readWiring } from './settings.ts';
import { say, TEXT, wrapWords } from './terminal.ts';

const WIDTH = 108;
const HEAD = [
  'Secrets for development on this machine, made by `consignee init`. Not for git.',
  'Put the providers’ own secrets here when they are to reach you. Every setting: .env.example',
];

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: TEXT } });
  if (!(await writeEnvFile(values.config))) say(`${ENV_FILE} is there already and was left as it is.`);
  return 0;
}

/** Says that it did. False if there is one already. */
export async function writeEnvFile(configDir: string | undefined): Promise<boolean> {
  if (existsSync(ENV_FILE)) return false;
  const { sources } = await readWiring(configDir);
  const text = [HEAD.map(comment).join(''), ...sources.map(sectionOf)].join('\n');
  try {
    writeFileSync(ENV_FILE, text, { mode: 0o600, flag: 'wx' });
    say(`Wrote ${ENV_FILE} with fresh secrets (readable by you only).`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function sectionOf(wiring: SourceWiring): string {
  const { preset } = wiring;
  const setting = firstSetting({ prefix: prefixOf(sourceNameOf(wiring)), preset });
  const about = comment(`${preset.title}. ${preset.setUp.join(' ')}`);
  // Nobody can make up a public key for which the provider has the private one.
  if (preset.forms.length > 0 && preset.forms.every(isAsymmetric)) return `${about}# ${setting}=\n`;
  return `${about}${setting}=${randomBytes(32).toString('hex')}\n`;
}

function comment(text: string): string {
  const lines = wrapWords(text, WIDTH).map((line) => `# ${line}\n`);
  return lines.join('');
}
