import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

/** Somebody tidies up, and takes the inbox's file away under the running service. */
export const removed: Row = {
  name: 'inbox file removed',
  async play(scene) {
    await scene.start();
    scene.provider({ source: 'flexport', perSecond: 4 }).start();
    scene.provider({ source: 'shippo', perSecond: 4 }).start();
    await sleep(10_000);
    scene.begin();
    // Out of the way, as good as deleted: its name is what the service was given.
    for (const ending of ['', '-wal', '-shm'])
      renameSync(`${scene.inboxPath}${ending}`, join(scene.folder, `gone${ending}`));
    await scene.untilTold(['inbox']);
    const saved = join(scene.folder, 'saved.db');
    await scene.command('events', 'rescue', '--to', saved);
    await scene.service.kill('SIGTERM');
    scene.inboxPath = saved;
    await scene.start();
  },
};
