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
import { ENV_FILE, readWiring } from './settings.ts';

const WIDTH = 110;
const HEAD = [
  'Secrets for development on this machine, made by `consignee init`. Not for git.',
  'Put the providers’ own secrets here when they are to reach you. Every setting: .env.example',
];

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: 'string' } } });
  const isNew = await writeEnvFile(values.config);
  const says = isNew
    ? `Wrote ${ENV_FILE} with fresh secrets (readable by you only).`
    : `${ENV_FILE} is there already and was left as it is.`;
  process.stdout.write(`${says}\n`);
  return 0;
}

/** False if there is one already. */
export async function writeEnvFile(configDir: string | undefined): Promise<boolean> {
  if (existsSync(ENV_FILE)) return false;
  const { sources } = await readWiring(configDir);
  const text = [HEAD.map(comment).join(''), ...sources.map(sectionOf)].join('\n');
  try {
    writeFileSync(ENV_FILE, text, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function sectionOf(wiring: SourceWiring): string {
  const { preset } = wiring;
  const setting = firstSetting({ prefix: prefixOf(sourceNameOf(wiring)), preset });
  const secret = randomBytes(32).toString('hex');
  return `${comment(`${preset.title}. ${preset.setUp.join(' ')}`)}${setting}=${secret}\n`;
}

/** Lines that begin with `#`, no longer than the width unless a word is. */
function comment(text: string): string {
  const lines = ['#'];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line.length + word.length < WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`# ${word}`);
  }
  return `${lines.join('\n')}\n`;
}
