/**
 * Remembers in a small file of this machine when the service was started, and forgets each start that was stopped as it should be: what
 * is left are the starts after which it has crashed or was killed. Read by the alarm `restarts`. Called by receiver.ts.
 *
 * A file that cannot be read or written is no reason not to start.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFile } from '../base/private-files.ts';
import { driverOf } from '../inbox/driver.ts';
import type { Config } from './config/config.ts';

const KEPT = 20;

export interface Starts {
  /** Earlier starts that were not stopped, oldest first: milliseconds since 1970. */
  readonly crashes: readonly number[];
  /** The service stops as it should. */
  stop(): void;
}

export function rememberStart({ database, dataDir }: Config, now: number): Starts {
  const { file } = driverOf(database);
  const path = file === undefined ? join(dataDir, 'starts') : `${file}-starts`;
  const crashes = readStarts(path).filter((at) => at <= now);
  writeStarts(path, [...crashes, now].slice(-KEPT));
  return { crashes, stop: () => writeStarts(path, crashes) };
}

function readStarts(path: string): number[] {
  try {
    const given: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(given) ? given.filter((at) => Number.isSafeInteger(at)) : [];
  } catch {
    return [];
  }
}

function writeStarts(path: string, starts: readonly number[]): void {
  try {
    makePrivateFile(`${path}-new`);
    writeFileSync(`${path}-new`, JSON.stringify(starts));
    renameSync(`${path}-new`, path);
  } catch {
    // The disk says so elsewhere.
  }
}
