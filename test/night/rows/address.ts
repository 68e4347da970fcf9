import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

const OLD = '52.4.41.98';
const NEW = '203.0.113.77';

/** Shippo sends from an address that its list did not have when it was read. A 403 is not tried again. */
export const address: Row = {
  name: 'new address of a sender',
  async play(scene) {
    const file = join(scene.folder, 'shippo-addresses');
    writeFileSync(file, `${OLD}\n`);
    await scene.start({ env: { SHIPPO_ALLOW_FROM_FILE: file, TRUST_PROXY: 'loopback' } });
    const shippo = scene.provider({ source: 'shippo', perSecond: 5, address: OLD }).start();
    await sleep(10_000);
    scene.begin();
    shippo.address = NEW;
    await scene.untilTold(['refusals', 'lost']);
    writeFileSync(file, `${OLD}\n${NEW}\n`);
    scene.recovered = 'the address in SHIPPO_ALLOW_FROM_FILE';
    const isTaken = () => shippo.sent.slice(-3).every(({ state }) => state === 'taken');
    await scene.until(isTaken, 30_000, 'the address is still refused');
  },
};
