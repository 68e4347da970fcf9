/**
 * Live secrets where none may be: in git's history, among the files of the work tree, in another environment's settings.
 * They are looked for by value, in this process; what is told is the setting and the place.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { clean } from '../../base/log/redact.ts';
import type { Slot } from '../secret/slots.ts';
import { counted } from '../terminal.ts';
import { type Finding, fail, pass, warn } from './finding.ts';
import { listFiles, type NoWorkTree, placeOfObject, readObjects, type WorkTree } from './git.ts';
import { LOOKED_FOR_FROM, type Needle, needlesOf, readParts, Search } from './search.ts';

const HISTORY = 'git history';
const FILES = 'work tree';

interface FoundSecret {
  readonly needle: Needle;
  readonly id: string;
  readonly type: string;
}

export async function leakFindings(slots: readonly Slot[], tree: WorkTree | NoWorkTree): Promise<Finding[]> {
  const needles = needlesOf(slots);
  const short = slots.filter(({ value }) => value.length < LOOKED_FOR_FROM);
  const tooShort = short.map(({ variable }) => {
    return warn(HISTORY, `${variable} is too short to be looked for: it would be found by chance`);
  });
  if (needles.length === 0) return [...tooShort, pass(HISTORY, 'no live secret to look for')];
  if ('because' in tree) {
    return [...tooShort, (tree.odd ? warn : pass)(HISTORY, `not looked at: ${tree.because}`)];
  }
  return [...tooShort, ...(await inHistory(needles, tree)), ...(await inFiles(needles, tree))];
}

async function inHistory(needles: readonly Needle[], tree: WorkTree): Promise<Finding[]> {
  const search = new Search(needles);
  const found: FoundSecret[] = [];
  let [objects, bytes, unreadable, current] = [0, 0, 0, { id: '', type: '' }];
  const trouble = await readObjects(tree, {
    begin(id, type) {
      current = { id, type };
      objects++;
      search.begin();
    },
    content(part) {
      bytes += part.length;
      for (const needle of search.feed(part)) found.push({ needle, ...current });
    },
    unreadable() {
      unreadable++;
    },
  }).catch((error: Error) => error.message);
  const findings = await Promise.all(found.map((one) => historyFinding(one, tree)));
  const looked = `${counted(objects, 'object')} (${megabytes(bytes)}) looked through`;
  if (trouble !== undefined || unreadable > 0) {
    const why = trouble ?? `${unreadable} cannot be read; try git fsck`;
    return [...findings, warn(HISTORY, `only ${looked}: ${clean(why)}`)];
  }
  if (findings.length > 0) return findings;
  const partly = tree.isShallow ? '; a shallow clone, the rest of the history is elsewhere' : '';
  return [pass(HISTORY, `none of ${counted(needles.length, 'live secret')}; ${looked}${partly}`)];
}

async function historyFinding({ needle, id, type }: FoundSecret, tree: WorkTree): Promise<Finding> {
  const place = clean(await placeOfObject(id, type, tree));
  const fix = 'Rotate it: deleting the file does not take it out of the history';
  return fail(HISTORY, `${needle.name} is in ${place}. ${fix}`);
}

async function inFiles(needles: readonly Needle[], tree: WorkTree): Promise<Finding[]> {
  const findings: Finding[] = [];
  let [files, bytes] = [0, 0];
  try {
    for await (const path of listFiles(tree)) {
      const file = join(tree.root, path);
      // A submodule is a folder; where a link leads to is not in git.
      if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) continue;
      const search = new Search(needles);
      files++;
      bytes += readParts(file, (part) => {
        for (const { name } of search.feed(part)) findings.push(fileFinding(name, path));
      });
    }
  } catch (error) {
    const says = `only ${counted(files, 'file')} could be looked through: ${(error as Error).message}`;
    return [...findings, warn(FILES, clean(says))];
  }
  if (findings.length > 0) return findings;
  const looked = `${counted(files, 'file')} (${megabytes(bytes)}) looked through`;
  return [pass(FILES, `no live secret in files that git tracks or does not ignore; ${looked}`)];
}

function fileFinding(name: string, path: string): Finding {
  const fix = 'Take it out, and rotate it if it was ever pushed';
  return fail(FILES, `${name} is in ${clean(path)}, which git does not ignore. ${fix}`);
}

/** Settings of other environments may be different ones only. */
export function sharedFindings(slots: readonly Slot[], files: readonly string[]): Finding[] {
  const needles = needlesOf(slots);
  return files.flatMap((file) => {
    const search = new Search(needles);
    const shared: string[] = [];
    try {
      readParts(file, (part) => shared.push(...search.feed(part).map(({ name }) => name)));
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      return [fail('other settings', `${file} cannot be read (${reason})`)];
    }
    const fix = 'Give each environment its own';
    if (shared.length === 0)
      return [pass('other settings', `${file} has none of ${counted(needles.length, 'live secret')}`)];
    return shared.map((name) => fail('other settings', `${file} has the value of ${name} as well. ${fix}`));
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
