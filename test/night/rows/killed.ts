import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

const TIMES = 7;

/** The process is ended by force and started again, over and over, as by a machine without memory. */
export const killed: Row = {
  name: 'kill -9, again and again',
  async play(scene) {
    await scene.start();
    for (const source of ['flexport', 'shippo', 'flintn', 'flatfile'] as const)
      scene.provider({ source, perSecond: 5 }).start();
    await sleep(5_000);
    scene.begin();
    for (let nth = 0; nth < TIMES; nth++) {
      await sleep(2_000);
      await scene.service.kill('SIGKILL');
      await scene.start();
    }
    await scene.untilTold(['restarts']);
    scene.recovered = 'by itself at each start';
  },
};
