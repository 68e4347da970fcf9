/**
 * `consignee setup`: has handlers prepare the other side, for example the table of a bigquery handler. A handler that several
 * sources wire is set up once. The command may be run again: what is ready stays as it is. Exit 1 if one fails.
 */
import { parseArgs } from 'node:util';
import { redactText } from '../base/log/redact.ts';
import { wiredHandlers } from '../deliver/handlers.ts';
import { readSettings, sound } from './settings.ts';
import { misused, say, sayWrong, TEXT } from './terminal.ts';

export const usage = `Usage: npm run setup -- [source/handler…]

  Prepares what handlers write to, and says what was done; all of them, or
  those that are named.
`;

const REASON_MOST = 1_000;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { config: TEXT },
  });
  const { config, sources } = sound(await readSettings(values.config));
  const handlers = wiredHandlers(sources, config.knobs);
  const unknown = positionals.find((name) => !handlers.has(name));
  if (unknown !== undefined) {
    const known = [...handlers.keys()].join(', ');
    return misused(`there is no handler ${unknown}; they are ${known}`, usage);
  }
  const asked = [...handlers].filter(([name]) => positionals.length === 0 || positionals.includes(name));
  // A handler that several sources wire has one set-up.
  const groups = [...Map.groupBy(asked, ([, { setUp }]) => setUp)];
  if (groups.every(([setUp]) => setUp === undefined)) say('There is nothing to set up.');
  let failed = 0;
  for (const [setUp, of] of groups) {
    if (!setUp) continue;
    const names = of.map(([name]) => name).join(', ');
    try {
      say(`${names}  ${await setUp()}`);
    } catch (error) {
      failed++;
      const reason = error instanceof Error ? error.message : String(error);
      sayWrong(`${names}  ${redactText(reason, REASON_MOST)}`);
    }
  }
  return failed === 0 ? 0 : 1;
}
