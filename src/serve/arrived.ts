/**
 * What a handshake has brought for the operator: a secret, or a URL to visit. It waits in a private file for each source until
 * `consignee secret take` shows it and removes it; nothing else reads it, and it is in no log.
 *
 * Strangers can send such handshakes. So one network may leave so many and all together so many; the rest is not kept.
 */

import { readFileSync, renameSync, rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makePrivateFile, makePrivateFolder, privateModeOf } from '../base/private-files.ts';

const EACH_NETWORK_MOST = 5;
const ALL_MOST = 20;

export interface Arrived {
  /** ISO 8601. */
  readonly at: string;
  readonly address: string;
  readonly network: string;
  readonly what: string;
  readonly text: string;
}

export class ArrivedKeeper {
  readonly #dataDir: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** Resolves once it is on disk, with false if there is no room. One after the other, so that they are counted right. */
  keep(source: string, arrived: Arrived): Promise<boolean> {
    const kept = this.#last.then(() => this.#append(arrivedFile(this.#dataDir, source), arrived));
    this.#last = kept.catch(() => {});
    return kept;
  }

  async #append(path: string, arrived: Arrived): Promise<boolean> {
    makePrivateFolder(dirname(path));
    makePrivateFile(path);
    const text = await readFile(path, 'utf8');
    const there = linesIn(text);
    const isSame = ({ text, what }: Arrived) => text === arrived.text && what === arrived.what;
    if (there.some(isSame)) return true;
    const fromThere = there.filter(({ network }) => network === arrived.network);
    if (there.length >= ALL_MOST || fromThere.length >= EACH_NETWORK_MOST) return false;
    const begin = text === '' || text.endsWith('\n') ? '' : '\n';
    // Somebody may take the file at this moment: then this makes another one.
    const file = await open(path, 'a', privateModeOf(path));
    try {
      await file.appendFile(`${begin}${JSON.stringify(arrived)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  }
}

export function arrivedFile(dataDir: string, source: string): string {
  return join(dataDir, `arrived-${source}`);
}

/** All that has arrived for a source; it is gone from then on. */
export function takeArrived(dataDir: string, source: string): Arrived[] {
  const path = arrivedFile(dataDir, source);
  const taken = `${path}-taken`;
  try {
    renameSync(path, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
  const arrived = linesIn(readFileSync(taken, 'utf8'));
  rmSync(taken);
  return arrived;
}

/** What a full disk or a power cut has left of a line is passed over: nobody was told that it is kept. */
function linesIn(text: string): Arrived[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Arrived];
    } catch {
      return [];
    }
  });
}
