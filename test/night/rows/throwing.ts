import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

/** After an update a handler throws at every event. */
export const throwing: Row = {
  name: 'handler always throws',
  async play(scene) {
    await scene.start();
    const flexport = scene.provider({ source: 'flexport', perSecond: 3 }).start();
    await sleep(10_000);
    scene.begin();
    writeFileSync(join(scene.folder, 'mode'), 'throw');
    await scene.untilTold(['failing', 'dead', 'backlog']);
    await sleep(5_000);
    rmSync(join(scene.folder, 'mode'));
    await flexport.finish();
    // What waits with a long backoff is made due at once.
    await scene.command('events', 'replay', '--state', 'pending', '--yes');
  },
};
