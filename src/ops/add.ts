/**
 * `consignee add PROVIDER`: wires a source in the working folder's config/sources.ts, with a fresh secret in `.env` where one can
 * be made up, and says what to do at the provider. A wiring that it cannot read it leaves alone, and says which line to write.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sourceNameOf } from '../deliver/handlers.ts';
import { importWiring } from '../serve/config/settings.ts';
import type { Preset } from '../verify/preset.ts';
import { presets } from '../verify/presets-by-name.ts';
import { noPreset, providerNames } from './provider-names.ts';
import { exampleOf, neededBy, secretOf, secretSettingOf, stepsOf, switchOf } from './secrets-file.ts';
import { ENV_FILE } from './settings.ts';
import { complain, misused, say, sayProse, TEXT } from './terminal.ts';
import { addToWiring, exportNameOf } from './wiring-text.ts';

export const usage = `Usage: consignee add PROVIDER

  Adds the provider to config/sources.ts and a secret to .env, and says what to
  do at the provider. The providers are

${providerNames()}

  For another one: custom({ … }) in docs/providers.md.
`;

const EXAMPLES_FILE = '.env.example';
/** What a new source's events are given to: the user's own handlers are the user's to name. */
const HANDLER = 'log';

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { config: TEXT } });
  const [name = '', ...more] = positionals;
  const preset = presets[name];
  if (name === '' || more.length > 0) return misused('add wants one provider', usage);
  if (!preset) return misused(noPreset([name]), usage);
  const { wiring, sources } = await importWiring(values.config, process.env);
  const file = fileURLToPath(String(wiring));
  if (sources.some((wiring) => sourceNameOf(wiring) === name)) {
    return complain(`${relative('.', file)} has a source ${name} already`);
  }
  const text = addToWiring(readFileSync(file, 'utf8'), preset, HANDLER);
  if (text === undefined) {
    return complain(
      `${relative('.', file)} is not written as usual and was left as it is. Write into it yourself:\n\n` +
        `  import { ${exportNameOf(preset)}, log } from 'consignee';\n  { preset: ${exportNameOf(preset)}, handlers: { log } },\n`,
    );
  }
  writeFileSync(file, text);
  say(`Added ${name} to ${relative('.', file)}.`);
  addSecret(preset);
  sayProse(
    `\nAt ${preset.title}:\n${stepsOf({ source: name, preset })
      .map((step) => `  ${step}\n`)
      .join('')}`,
  );
  const needed = neededBy({ source: name, preset }).join(' and ');
  sayProse(
    `Its URL is the one of this service with /webhooks/${name} behind it. Its events go to the handler \`${HANDLER}\` until yours stands there.\n` +
      `Then ${needed ? `set ${needed}, without which the service does not start, and ` : ''}start the service again.`,
  );
  return 0;
}

function addSecret(preset: Preset): void {
  const named = { source: preset.name, preset };
  const setting = switchOf(named);
  const isThere = existsSync(ENV_FILE);
  const text = isThere ? readFileSync(ENV_FILE, 'utf8') : '';
  // Somebody who has the secret already waits for no handshake.
  const there = [setting, secretSettingOf(named)].find((name) => text.includes(`${name}=`));
  if (!isThere) say(`Set ${setting} where the service finds its settings.`);
  else if (there) say(`${ENV_FILE} has ${there} already.`);
  else {
    const section = secretOf(named);
    appendFileSync(ENV_FILE, `\n${section}`);
    const isMade = /=[\da-f]{64}\n$/.test(section);
    say(`Added ${setting} to ${ENV_FILE}${isMade ? ', with a secret made for this machine' : ''}.`);
  }
  if (existsSync(EXAMPLES_FILE)) appendFileSync(EXAMPLES_FILE, `\n${exampleOf(named)}`);
}
