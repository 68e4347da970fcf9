/** The file of refused requests: made whole or not at all. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasStrace } from '../fixtures/strace.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!hasStrace)('killed at any write, it is there whole or not at all (needs strace)', () => {
  const made = join(import.meta.dirname, '../fixtures/make-refused.ts');
  const left = new Set<string>();
  for (let at = 1; at <= 16; at += 2) {
    const path = join(folder, `half-${at}.db`);
    const fault = ['-e', `inject=pwrite64,fsync,rename:signal=KILL:when=${at}`];
    const { signal } = spawnSync('strace', ['-f', '-o', '/dev/null', ...fault, process.execPath, made, path]);
    left.add(signal === 'SIGKILL' ? (existsSync(path) ? 'whole' : 'nothing') : 'finished');
    if (existsSync(path)) {
      const database = new DatabaseSync(path, { readOnly: true });
      expect(database.prepare('SELECT count(*) AS n FROM refused').get()).toEqual({ n: 0 });
      database.close();
    }
    expect(spawnSync(process.execPath, [made, path]).status).toBe(0);
  }
  expect(left).toContain('nothing');
});
