import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

/** Fills the file system of that folder, and answers with what makes room again. */
function fillUp(folder: string): () => void {
  const ballast = join(folder, 'ballast');
  const file = openSync(ballast, 'w');
  for (const bytes of [65_536, 4_096, 1]) {
    const block = Buffer.alloc(bytes);
    try {
      for (;;) if (writeSync(file, block) < bytes) break;
    } catch {
      // So much is not free any more.
    }
  }
  closeSync(file);
  return () => rmSync(ballast);
}

function missing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'it needs Linux, and root to mount a small disk';
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
    ? undefined
    : 'nothing can be mounted here';
}

/** The disk of the inbox is full. Shippo gives up after 20 seconds, Flatfile at once; the others come again. */
export const disk: Row = {
  name: 'disk full',
  missing,
  async play(scene) {
    const data = join(scene.folder, 'data');
    mkdirSync(data);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m,mode=0700', 'tmpfs', data]);
    try {
      scene.inboxPath = join(data, 'inbox.db');
      await scene.start();
      const providers = (['flexport', 'shippo', 'flintn', 'flatfile'] as const).map((source) => {
        return scene.provider({ source, perSecond: 2 }).start();
      });
      await sleep(10_000);
      scene.begin();
      const makeRoom = fillUp(data);
      await scene.untilTold(['disk', 'inbox']);
      await sleep(20_000);
      makeRoom();
      scene.recovered = 'room on the disk: what waits with the providers comes by itself';
      const isTaken = () => providers.every(({ sent }) => sent.at(-2)?.state === 'taken');
      await scene.until(isTaken, 60_000, 'it takes nothing although there is room again');
      await scene.takeStock();
      await scene.service.stop();
    } finally {
      spawnSync('umount', ['--lazy', data]);
    }
  },
};
