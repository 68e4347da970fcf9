/** The release after this one, as far as tests can know it: the same code in a folder of its own, with one migration more for each store. */
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMigrationsIn } from '../../src/inbox/migration-files.ts';
import { ROOT } from './project.ts';

export const NEXT = { version: '0.9999.0', schema: 9999 };
/** The rooms that keep tables. */
export type Store = 'sqlite' | 'postgres' | 'refused';

/**
 * Expands tables as releases do: a column more in each, and a table more. What runs now may go on with them, and says so by the
 * number that it knows.
 */
export function makeNextRelease(tables: Partial<Record<Store, readonly string[]>>): string {
  const root = mkdtempSync(join(tmpdir(), 'consignee-next-'));
  for (const part of ['bin', 'src']) cpSync(join(ROOT, part), join(root, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  writeFileSync(join(root, 'package.json'), JSON.stringify({ ...manifest, version: NEXT.version }));
  for (const [store, names] of Object.entries(tables)) {
    const folder = join(root, 'src/inbox', store, 'migrations');
    const columns = names.map((name) => `ALTER TABLE ${name} ADD COLUMN next_word text DEFAULT 'next';`);
    const sql = [`-- oldest: ${newestIn(folder)}`, ...columns, 'CREATE TABLE next_table (word text);'];
    writeFileSync(join(folder, `${NEXT.schema}-next.sql`), sql.join('\n'));
  }
  return root;
}

function newestIn(folder: string): number {
  return readMigrationsIn(folder).at(-1)?.version ?? 0;
}
