/** The disk that a folder is on: for the alarms, the status and `check`, which judge it alike. */
import { existsSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { AlarmKnobs } from './config/knobs.ts';

export interface Disk {
  readonly folder: string;
  readonly freeMb: number;
  readonly wholeMb: number;
  /** The file system itself takes no writes, whoever asks. */
  readonly isReadOnly: boolean;
}

const MEBIBYTE = 1_048_576;

/** Of the folder, or, if it is still to be made, of the one in which it will be. */
export async function readDisk(given: string): Promise<Disk> {
  let folder = resolve(given);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize, blocks } = await statfs(folder);
  const isReadOnly = await access(folder, constants.W_OK).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'EROFS',
  );
  const inMb = (count: number) => Math.floor((count * bsize) / MEBIBYTE);
  return { folder, freeMb: inMb(bavail), wholeMb: inMb(blocks), isReadOnly };
}

/** How much should be free, in proportion to the disk. */
export function leastFreeMb(
  { wholeMb }: Pick<Disk, 'wholeMb'>,
  { diskFreeMb, diskFreeRatio }: Pick<AlarmKnobs, 'diskFreeMb' | 'diskFreeRatio'>,
): number {
  return Math.min(diskFreeMb, Math.floor(wholeMb * diskFreeRatio));
}
