/**
 * `consignee compact`: gives the disk back what is unused in an SQLite inbox. What is purged leaves room in the file, which is used again
 * and never given back by itself. With the service stopped: the command refuses while one runs.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { amount } from '../base/words.ts';
import { driverOf } from '../inbox/driver.ts';
import { noInboxAt } from './orders.ts';
import { readSettings, sound } from './settings.ts';
import { complain, FLAG, say, sayJson, TEXT } from './terminal.ts';

const MIB = 1_048_576;

export const usage = `Usage: consignee compact [--to NEW.db] [--json]

  Writes the inbox anew without what is unused in it. Stop the service first.
  In its place that takes as much free room as the inbox has afterwards, twice.
  --to NEW.db   write it there, on a disk that has room; the old file stays
`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { to: TEXT, json: FLAG, config: TEXT } });
  const { config } = sound(await readSettings(values.config));
  const { file, place, compact } = driverOf(config.database);
  if (file === undefined || !compact)
    return complain('PostgreSQL does that by itself (autovacuum); VACUUM FULL is its own tool for it');
  if (!existsSync(file)) throw noInboxAt(place);
  const to = values.to === undefined ? undefined : resolve(values.to);
  if (to !== undefined && existsSync(to))
    return complain(`${to} is there already: name a file that is not there yet`);
  const { before, unused, after } = compact(to);
  if (values.json) sayJson({ file: to ?? file, before, unused, after });
  else {
    say(`${mibOf(before)} MiB before, ${mibOf(unused)} of them unused; ${mibOf(after)} MiB now.`);
    if (to !== undefined) say(`Start the service with DATABASE_URL=sqlite:${to}, then delete ${file}.`);
  }
  return 0;
}

function mibOf(bytes: number): string {
  return amount(Math.ceil(bytes / MIB));
}
