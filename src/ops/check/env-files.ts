/** `.env` and its kin in this folder: theirs alone who own them, and not for git. `.env.example` is for everybody. */
import { readdirSync, statSync } from 'node:fs';
import { type Finding, fail, pass, warn } from './finding.ts';
import { isIgnored, isTracked, type NoWorkTree, type WorkTree } from './git.ts';

export async function envFileFindings(tree: WorkTree | NoWorkTree): Promise<Finding[]> {
  const names = readdirSync('.').filter((name) => /^\.env/.test(name) && !name.endsWith('.example'));
  const files = names.filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile());
  const findings = files.map(async (file) => [modeFinding(file), await gitFinding(file, tree)]);
  return (await Promise.all(findings)).flat();
}

function modeFinding(file: string): Finding {
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) === 0) return pass(file, 'readable by its owner only');
  return fail(file, `others may read it (mode ${mode.toString(8)}): chmod 600 ${file}`);
}

async function gitFinding(file: string, tree: WorkTree | NoWorkTree): Promise<Finding> {
  const subject = `${file} in git`;
  if ('because' in tree) return (tree.odd ? warn : pass)(subject, tree.because);
  if (await isTracked(file, '.')) {
    return fail(subject, `git tracks it: git rm --cached ${file}, then rotate every secret in it`);
  }
  // Not tracked; it must be ignored as well, or the next `git add .` takes it along.
  if (await isIgnored(file, '.')) return pass(subject, 'ignored');
  return fail(subject, `not ignored: add ${file} to .gitignore`);
}
