import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../harness/project.ts';
import type { Row } from '../rows.ts';

const AHEAD_MS = 600_000;
const CLOCK = join(ROOT, 'test/fixtures/clock/ahead.ts');
const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
];

/** libfaketime where it is, since nothing in the process knows of it; else a clock that is ahead within the process. */
function wrongClock(): Record<string, string> {
  const library = LIBRARIES.find((path) => existsSync(path));
  if (library !== undefined) return { LD_PRELOAD: library, FAKETIME: `+${AHEAD_MS / 1_000}s` };
  return { NODE_OPTIONS: `--import=${CLOCK}`, CLOCK_AHEAD_MS: String(AHEAD_MS) };
}

/** Our clock is ten minutes ahead: what Shippo signs is too old, and a 401 is not tried again. */
export const clock: Row = {
  name: 'clock 10 minutes off',
  async play(scene) {
    await scene.start();
    const shippo = scene.provider({ source: 'shippo', perSecond: 4 }).start();
    scene.provider({ source: 'flexport', perSecond: 2 }).start();
    await sleep(8_000);
    await scene.service.kill('SIGTERM');
    scene.begin();
    const env = wrongClock();
    await scene.start({ env });
    await scene.untilTold(['clock']);
    await scene.service.kill('SIGTERM');
    await scene.start({ env: Object.fromEntries(Object.keys(env).map((name) => [name, ''])) });
    scene.recovered = 'the clock set right: what was refused is taken in by itself';
    const late = () => shippo.sent.filter(({ statuses }) => statuses.includes(401)).length;
    if (late() === 0) scene.fault('nothing was refused');
    const all = () => scene.rows("SELECT 1 FROM inbox WHERE source = 'shippo'").length;
    const most = () =>
      shippo.sent.filter(({ state, statuses }) => state === 'taken' || statuses.includes(401)).length;
    await scene.until(() => all() >= most(), 60_000, 'what the wrong clock refused is not in the inbox');
  },
};
