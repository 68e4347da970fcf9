import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

/** The system that events are forwarded to takes connections, and does not answer. */
export const hanging: Row = {
  name: 'target hangs',
  async play(scene) {
    let hangs = false;
    const open = new Set<ServerResponse>();
    const target = createServer((request, response) => {
      request.resume();
      if (hangs) open.add(response);
      else response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(target, 'listening');
    const { port } = target.address() as AddressInfo;
    try {
      await scene.start({ env: { TARGET_URL: `http://127.0.0.1:${port}/orders` } });
      const flintn = scene.provider({ source: 'flintn', perSecond: 3 }).start();
      await sleep(10_000);
      scene.begin();
      hangs = true;
      await scene.untilTold(['failing', 'backlog']);
      hangs = false;
      for (const response of open) response.destroy();
      await flintn.finish();
      await scene.command('events', 'replay', '--state', 'pending', '--yes');
      const left = () => scene.rows('SELECT 1 FROM work').length;
      await scene.until(() => left() === 0, 120_000, 'not all has been delivered');
    } finally {
      target.closeAllConnections();
      target.close();
    }
  },
};
