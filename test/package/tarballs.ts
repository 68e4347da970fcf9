/** The package as it is now, and as it was one commit ago. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from '../../scripts/pack.ts';
import { ROOT } from '../harness/project.ts';

export const now = pack();

/** What a user's npm would find at its registry. */
export const before = packBefore();

/** Undefined where there is no history, or if the commit before could not be packed. */
function packBefore(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-before-'));
  try {
    const archive = execFileSync('git', ['archive', 'HEAD^'], { cwd: ROOT, maxBuffer: 2 ** 28 });
    execFileSync('tar', ['-x'], { cwd: folder, input: archive });
  } catch {
    return undefined;
  }
  if (!existsSync(join(folder, 'scripts/pack.ts'))) return undefined;
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  try {
    const printed = execFileSync(process.execPath, ['scripts/pack.ts'], { cwd: folder, encoding: 'utf8' });
    return printed.split('\n')[0];
  } catch {
    return undefined;
  }
}
