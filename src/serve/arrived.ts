/**
 * What a handshake has brought for the operator: a secret, or a URL to visit. It waits in a private file for each source until
 * `consignee secret take` shows it and removes it; nothing else reads it, and it is in no log.
 *
 * Strangers can send such handshakes. So one network may leave so many and all together so many; the rest is not kept.
 */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makePrivateFile, makePrivateFolder, privateModeOf } from '../base/private-files.ts';
import { iso } from '../base/times.ts';
import { typed } from '../base/typed.ts';
import type { Head } from '../verify/verifier.ts';

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

/** What came with a request, now or when that was refused. */
export function arrivedWith(
  { receivedAt, address = '' }: Pick<Head, 'receivedAt' | 'address'>,
  network: string,
  brought: Pick<Arrived, 'what' | 'text'>,
): Arrived {
  return { at: iso(receivedAt), address, network, ...brought };
}

/** For the log. `from`: as the sentence goes on, or nothing. */
export function sayArrived(source: string, what: string, from = ''): string {
  return `${what} has come${from}: ${typed(`\`consignee secret take ${source}\``)} shows it once`;
}

/** The answer resolves once it is on disk, with false if there is no room. One after the other, so that they are counted right. */
export function arrivedKeeper(dataDir: string) {
  let last: Promise<unknown> = Promise.resolve();
  return function keepArrived(source: string, arrived: Arrived): Promise<boolean> {
    const kept = last.then(() => appendArrived(arrivedFile(dataDir, source), arrived));
    last = kept.catch(() => {});
    return kept;
  };
}

async function appendArrived(path: string, arrived: Arrived): Promise<boolean> {
  makePrivateFolder(dirname(path));
  makePrivateFile(path);
  const there = linesIn(await readFile(path, 'utf8'));
  if (there.some(({ text, what }) => text === arrived.text && what === arrived.what)) return true;
  const fromThere = there.filter(({ network }) => network === arrived.network);
  if (there.length >= ALL_MOST || fromThere.length >= EACH_NETWORK_MOST) return false;
  // A full disk may have left a part of a line. And somebody may take the file at this moment: then this makes another one.
  await appendFile(path, `\n${JSON.stringify(arrived)}\n`, { mode: privateModeOf(path), flush: true });
  return true;
}

export function arrivedFile(dataDir: string, source: string): string {
  return join(dataDir, `arrived-${source}`);
}

/** All that has arrived for a source; it is gone from then on. */
export function takeArrived(dataDir: string, source: string): Arrived[] {
  const path = arrivedFile(dataDir, source);
  const taken = `${path}-taken`;
  if (existsSync(path)) renameSync(path, taken);
  if (!existsSync(taken)) return [];
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
