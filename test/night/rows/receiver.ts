import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../harness/free-port.ts';
import type { Row } from '../rows.ts';

const ALARM_SECRET = `whsec_${Buffer.from('of the alarms of the night, 32 b').toString('base64')}`;
/** Longer than the tries that are made at once. */
const DOWN_MS = 30_000;
const BACK_WITHIN_MS = 120_000;

async function receive(port: number, hear: (words: string) => void): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { type, data } = JSON.parse(await text(request));
    response.end();
    hear(`${type}: ${data.says}`);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Whoever is to hear of alarms is down when one is raised, and back later. Counted from then on. */
export const receiver: Row = {
  name: 'alarm receiver down',
  async play(scene) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/alarms`;
    const alarms = { lookMs: 1_000, windowMs: 20_000 };
    await scene.start({ env: { ALARM_URL: url, ALARM_SECRET }, knobs: { alarms } });
    scene.provider({ source: 'flexport', perSecond: 2 }).start();
    const stranger = scene.provider({
      source: 'flintn',
      perSecond: 4,
      secret: 'of-nobody-0123456789abcdef0123',
      isForger: true,
    });
    stranger.start();
    scene.begin();
    await sleep(DOWN_MS);
    if (scene.raised().length === 0) scene.fault('no alarm was raised that could have been missed');
    scene.begin();
    let heard = '';
    const server = await receive(port, (words) => {
      heard ||= words;
      scene.tell(words);
    });
    await scene.until(() => heard !== '', BACK_WITHIN_MS, 'nothing came once the receiver was back');
    scene.recovered = 'by itself';
    server.close();
    server.closeAllConnections();
  },
};
