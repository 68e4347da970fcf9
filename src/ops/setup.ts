/**
 * `consignee setup`: has handlers prepare the other side, for example the table of a bigquery handler. A handler that several
 * sources wire is set up once. The command may be run again: what is ready stays as it is. Exit 1 if one fails.
 */
import { parseArgs } from 'node:util';
import { type WiredHandler, wiredHandlers } from '../deliver/handlers.ts';
import { readSettings, sound, usesDotenv } from './settings.ts';
import { misused, say } from './terminal.ts';

export const usage = `Usage: npm run setup -- [source/handler…]

  Prepares what handlers write to, and says what was done; all of them, or those that are named.
`;

type SetUp = NonNullable<WiredHandler['setUp']>;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { config: { type: 'string' } },
  });
  const { config, sources } = sound(await readSettings(values.config, usesDotenv()));
  const handlers = wiredHandlers(sources, config.knobs);
  const unknown = positionals.find((name) => !handlers.has(name));
  if (unknown !== undefined) {
    const known = [...handlers.keys()].join(', ');
    return misused(`there is no handler ${unknown}; they are ${known}`, usage);
  }
  const asked = [...handlers].filter(([name]) => positionals.length === 0 || positionals.includes(name));
  const namesBySetUp = groupBySetUp(asked);
  if (namesBySetUp.size === 0) say('There is nothing to set up.');
  let failed = 0;
  for (const [setUp, names] of namesBySetUp) failed += (await setUpOnce(names, setUp)) ? 0 : 1;
  return failed === 0 ? 0 : 1;
}

/** A handler that several sources wire has one set-up. */
function groupBySetUp(handlers: readonly (readonly [string, WiredHandler])[]): Map<SetUp, string[]> {
  const groups = new Map<SetUp, string[]>();
  for (const [name, { setUp }] of handlers) {
    if (setUp) groups.set(setUp, [...(groups.get(setUp) ?? []), name]);
  }
  return groups;
}

async function setUpOnce(names: readonly string[], setUp: SetUp): Promise<boolean> {
  try {
    say(`${names.join(', ')}  ${await setUp()}`);
    return true;
  } catch (error) {
    process.stderr.write(`${names.join(', ')}  ${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  }
}
