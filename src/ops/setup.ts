/**
 * `consignee setup`: has handlers prepare the other side, the table of a bigquery handler say. Each once, however many sources
 * wire it, and as often as one likes: what is ready stays as it is. Exit 1 if one fails.
 */
import { parseArgs } from 'node:util';
import { handlersOf, type WiredHandler } from '../deliver/handlers.ts';
import { readSettings, sound, usesDotenv } from './settings.ts';

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
  const handlers = handlersOf(sources, config.knobs);
  const unknown = positionals.find((name) => !handlers.has(name));
  if (unknown !== undefined) {
    const known = [...handlers.keys()].join(', ');
    process.stderr.write(`consignee: there is no handler ${unknown}; they are ${known}\n\n${usage}`);
    return 64;
  }
  const asked = [...handlers].filter(([name]) => positionals.length === 0 || positionals.includes(name));
  const namesBySetUp = groupBySetUp(asked);
  if (namesBySetUp.size === 0) process.stdout.write('There is nothing to set up.\n');
  let failed = 0;
  for (const [setUp, names] of namesBySetUp) failed += (await prepare(names, setUp)) ? 0 : 1;
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

async function prepare(names: readonly string[], setUp: SetUp): Promise<boolean> {
  try {
    process.stdout.write(`${names.join(', ')}  ${await setUp()}\n`);
    return true;
  } catch (error) {
    process.stderr.write(`${names.join(', ')}  ${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  }
}
