/**
 * Live secrets where none may be: in git's history, among the files of the work tree, in another environment's settings.
 * They are looked for by value, in this process, part by part and in bounded memory: of each part only as much is kept as a
 * value needs to lie across two of them. What is told is the setting and the place.
 */
import { createReadStream, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { clean } from '../../base/log/redact.ts';
import { counted } from '../../base/words.ts';
import { type Finding, fail, findingOf, notKnown, pass, warn } from '../../serve/check/finding.ts';
import type { Slot } from '../../serve/check/slots.ts';
import { listFiles, type NoWorkTree, placeOfObject, readObjects, type WorkTree } from './programs.ts';

const HISTORY = 'git history';
const FILES = 'work tree';

export async function leakFindings(slots: readonly Slot[], tree: WorkTree | NoWorkTree): Promise<Finding[]> {
  const needles = needlesOf(slots);
  const short = slots.filter(({ value }) => value.length < LOOKED_FOR_FROM);
  const tooShort = short.map(({ variable }) => {
    return warn(HISTORY, `${variable} is too short to be looked for: it would be found by chance`);
  });
  if (needles.length === 0) return [...tooShort, pass(HISTORY, 'no live secret to look for')];
  if ('because' in tree) {
    return [...tooShort, findingOf(tree.verdict)(HISTORY, `not looked at: ${tree.because}`)];
  }
  return [...tooShort, ...(await inHistory(needles, tree)), ...(await inFiles(needles, tree))];
}

async function inHistory(needles: readonly Needle[], tree: WorkTree): Promise<Finding[]> {
  const search = new Search(needles);
  const found: { readonly needle: Needle; readonly id: string; readonly type: string }[] = [];
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
  const rotated = 'Rotate it: deleting the file does not take it out of the history';
  const findings = await Promise.all(
    found.map(async ({ needle, id, type }) => {
      const place = clean(await placeOfObject(id, type, tree));
      return fail(HISTORY, `${needle.name} is in ${place}. ${rotated}`);
    }),
  );
  const looked = `${counted(objects, 'object')} (${megabytes(bytes)}) looked through`;
  if (trouble !== undefined || unreadable > 0) {
    const why = trouble ?? `${unreadable} cannot be read; try git fsck`;
    return [...findings, warn(HISTORY, `only ${looked}: ${clean(why)}`)];
  }
  if (findings.length > 0) return findings;
  const none = `none of ${counted(needles.length, 'live secret')}; ${looked}`;
  if (!tree.isShallow) return [pass(HISTORY, none)];
  return [notKnown(HISTORY, `${none}; a shallow clone, the rest of the history is elsewhere`)];
}

async function inFiles(needles: readonly Needle[], tree: WorkTree): Promise<Finding[]> {
  const findings: Finding[] = [];
  const fix = 'Take it out, and rotate it if it was ever pushed';
  let [files, bytes] = [0, 0];
  try {
    for await (const path of listFiles(tree)) {
      const file = join(tree.root, path);
      // A submodule is a folder; where a link leads to is not in git.
      if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) continue;
      const search = new Search(needles);
      files++;
      for await (const part of readInParts(file)) {
        bytes += part.length;
        for (const { name } of search.feed(part))
          findings.push(fail(FILES, `${name} is in ${clean(path)}, which git does not ignore. ${fix}`));
      }
    }
  } catch (error) {
    const says = `only ${counted(files, 'file')} could be looked through: ${(error as Error).message}`;
    return [...findings, warn(FILES, clean(says))];
  }
  if (findings.length > 0) return findings;
  const looked = `${counted(files, 'file')} (${megabytes(bytes)}) looked through`;
  return [pass(FILES, `no live secret in files that git tracks or does not ignore; ${looked}`)];
}

/** Settings of other environments may be different ones only. */
export async function sharedFindings(slots: readonly Slot[], files: readonly string[]): Promise<Finding[]> {
  const needles = needlesOf(slots);
  const findings = files.map(async (file) => {
    const search = new Search(needles);
    const shared: string[] = [];
    try {
      for await (const part of readInParts(file)) shared.push(...search.feed(part).map(({ name }) => name));
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      return [fail('other settings', `${file} cannot be read (${reason})`)];
    }
    const fix = 'Give each environment its own';
    if (shared.length === 0)
      return [pass('other settings', `${file} has none of ${counted(needles.length, 'live secret')}`)];
    return shared.map((name) => fail('other settings', `${file} has the value of ${name} as well. ${fix}`));
  });
  return (await Promise.all(findings)).flat();
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

interface Needle {
  /** The variables that hold the value. */
  readonly name: string;
  readonly bytes: Buffer;
}

const PART_BYTES = 1_048_576;
/** Shorter values stand in many a text by chance. */
const LOOKED_FOR_FROM = 8;

export function needlesOf(slots: readonly Slot[]): Needle[] {
  const long = slots.filter(({ value }) => value.length >= LOOKED_FOR_FROM);
  return [...Map.groupBy(long, ({ value }) => value)].map(([value, its]) => {
    const variables = new Set(its.map(({ variable }) => variable));
    return { name: [...variables].join(' and '), bytes: Buffer.from(value) };
  });
}

/** One content after the other; each needle is found once. */
export class Search {
  #left: readonly Needle[];
  readonly #overlap: number;
  #tail = Buffer.alloc(0);

  constructor(needles: readonly Needle[]) {
    this.#left = needles;
    this.#overlap = Math.max(0, ...needles.map(({ bytes }) => bytes.length - 1));
  }

  begin(): void {
    this.#tail = Buffer.alloc(0);
  }

  /** Which of them the content has that this part belongs to, as far as it has come. */
  feed(part: Buffer): readonly Needle[] {
    if (this.#left.length === 0) return [];
    const bytes = this.#tail.length === 0 ? part : Buffer.concat([this.#tail, part]);
    const found = this.#left.filter((needle) => bytes.includes(needle.bytes));
    if (found.length > 0) this.#left = this.#left.filter((needle) => !found.includes(needle));
    // A copy, so that the part itself can go.
    this.#tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - this.#overlap)));
    return found;
  }
}

function readInParts(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: PART_BYTES });
}
