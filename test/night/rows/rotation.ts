import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';
import { SECRET } from '../scene.ts';

const NEXT = 'the-next-secret-of-the-night-0123456789abcdef0123456789';

/** Flintn's old secret is dead the moment the new one is made, and a 4xx is not tried again. */
export const rotation: Row = {
  name: 'secret rotated at the provider first',
  async play(scene) {
    const file = join(scene.folder, 'flintn-secret');
    writeFileSync(file, `${SECRET}\n`);
    await scene.start({ env: { FLINTN_WEBHOOK_SECRET_FILE: file } });
    const flintn = scene.provider({ source: 'flintn', perSecond: 5 }).start();
    scene.provider({ source: 'flexport', perSecond: 2 }).start();
    await sleep(10_000);
    scene.begin();
    flintn.secret = NEXT;
    await scene.untilTold(['refusals', 'lost']);
    writeFileSync(file, `${NEXT}\n${SECRET}\n`);
    scene.recovered = 'the new secret as first line of FLINTN_WEBHOOK_SECRET_FILE';
    await sleep(3_000);
    const refused = flintn.sent.filter(({ statuses }) => statuses.includes(401)).length;
    const kept = () => scene.rows('SELECT 1 FROM inbox').length;
    const sent = () => flintn.sent.length;
    if (refused === 0) scene.fault('nothing was refused');
    await scene.until(() => kept() >= sent(), 60_000, 'what was refused has not been taken in by itself');
  },
};
