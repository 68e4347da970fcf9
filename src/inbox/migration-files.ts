/**
 * The numbered files of a driver's migrations/, in order, and which code may work with the tables that they leave.
 *
 * A migration after which older code can go on says so in a line of its own, `-- oldest: 7`: the oldest schema whose code may
 * still work there. One that says nothing shuts older code out. The database keeps that number, and the version that wrote it,
 * since older code does not have the files that it is about.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../base/version.ts';
import type { Remark } from './driver.ts';

export interface Migration {
  readonly version: number;
  readonly sql: string;
  /** The oldest schema whose code may work with the tables afterwards. */
  readonly oldest: number;
}

export function readMigrationsIn(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
  let oldest = 0;
  return names.map((name) => {
    const version = Number(name.slice(0, 4));
    const sql = readFileSync(join(folder, name), 'utf8');
    // Who is shut out by one migration is not let in by the next.
    oldest = Math.max(oldest, Number(/^-- oldest: (\d+)$/m.exec(sql)?.[1] ?? version));
    return { version, sql, oldest };
  });
}

/** What a database says of its schema; from before it was kept, no more than the number. */
export interface SchemaMark {
  readonly version: number;
  readonly oldest?: number | undefined;
  /** Which Consignee brought it there. */
  readonly by?: string | undefined;
}

/** The names under which `meta` keeps it. */
export const MARK_KEYS = { oldest: 'schema_oldest', by: 'schema_by' } as const;

/** What a migration leaves in `meta`. */
export function marksOf({ oldest }: Migration): [string, string][] {
  return [
    [MARK_KEYS.oldest, String(oldest)],
    [MARK_KEYS.by, VERSION],
  ];
}

/** How this code gets on with a schema. */
export type Fit =
  | { readonly fits: true; readonly doubt?: string }
  | { readonly fits: false; readonly wrong: string; readonly fix: string };

export function fitOf({ version, oldest = version, by }: SchemaMark, migrations: readonly Migration[]): Fit {
  const newest = migrations.at(-1)?.version ?? 0;
  if (version <= newest) return { fits: true };
  const who = by === undefined ? 'a newer Consignee' : `a newer Consignee, ${by}`;
  const wrong = `written by ${who} (schema ${version}, this one knows ${newest})`;
  if (oldest <= newest) return { fits: true, doubt: `the inbox was ${wrong}, and this one can work with it` };
  const fix = `Run ${by ?? 'that version'} or a later one; going back is not possible.`;
  return { fits: false, wrong, fix };
}

/** For the log of the start and for `check`: that an older version works here should not stay so for long. */
export function doubtsOf(fit: Fit | undefined): Remark[] {
  if (!fit?.fits || fit.doubt === undefined) return [];
  return [{ subject: 'schema', isWell: false, says: fit.doubt }];
}
