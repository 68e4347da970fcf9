/** `consignee init`: writes `.env` with fresh secrets, readable by its owner only. Never touches one that is there. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ENV_FILE } from './settings.ts';

const SOURCES = ['FLEXPORT', 'SHIPPO', 'FLINTN', 'FLATFILE'];

export async function run(args: string[]): Promise<number> {
  parseArgs({ args, options: { config: { type: 'string' } } });
  if (writeEnvFile()) process.stdout.write(`Wrote ${ENV_FILE} with fresh secrets (readable by you only).\n`);
  else process.stdout.write(`${ENV_FILE} is there already and was left as it is.\n`);
  return 0;
}

/** False if there is one already. */
export function writeEnvFile(): boolean {
  try {
    writeFileSync(ENV_FILE, envFile(), { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function envFile(): string {
  const secrets = SOURCES.map((source) => `${source}_WEBHOOK_SECRET=${randomBytes(32).toString('hex')}\n`);
  return [
    '# Secrets for development on this machine, made by `consignee init`. Not for git.\n',
    '# Put the providers’ own secrets here when they are to reach you. Every setting: .env.example\n\n',
    ...secrets,
  ].join('');
}
