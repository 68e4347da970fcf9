import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

const SECONDS = 40;
const PER_TICK = 20;
const ALARMS_MOST = 4;

/** Somebody floods all sources with forgeries, from many addresses. */
export const flood: Row = {
  name: 'flood of forged requests',
  isAlone: true,
  async play(scene) {
    await scene.start({ env: { TRUST_PROXY: 'loopback' } });
    for (const source of ['flexport', 'shippo', 'flintn', 'flatfile'] as const)
      scene.provider({ source, perSecond: 3, address: '192.0.2.10' }).start();
    await sleep(10_000);
    scene.begin();
    const forging = forge(scene.port);
    await scene.untilTold(['refusals', 'lost', 'unkept']);
    await forging;
    await sleep(5_000);
    scene.recovered = 'nothing to do: genuine events went on';
    const raised = scene.raised();
    if (raised.length > ALARMS_MOST)
      scene.fault(`${raised.length} alarms: ${[...new Set(raised.map(({ alarm }) => alarm))].join(', ')}`);
  },
};

async function forge(port: number): Promise<void> {
  const under = new Set<Promise<unknown>>();
  for (let tick = 0; tick < SECONDS * 10; tick++) {
    for (let nth = 0; nth < PER_TICK; nth++) {
      const source = ['flexport', 'shippo', 'flintn', 'flatfile'][nth % 4] as string;
      const one: Promise<unknown> = forgery(port, source, tick * PER_TICK + nth).finally(() =>
        under.delete(one),
      );
      under.add(one);
    }
    await sleep(100);
  }
  await Promise.all(under);
}

async function forgery(port: number, source: string, nth: number): Promise<void> {
  const hex = randomBytes(32).toString('hex');
  const seconds = Math.floor(Date.now() / 1_000);
  const headers = {
    'X-Hub-Signature-256': `sha256=${hex}`,
    'Shippo-Auth-Signature': `t=${seconds},v1=${hex}`,
    'X-Signature-Primary': Buffer.from(hex, 'hex').toString('base64'),
    'X-Forwarded-For': `198.51.${nth % 200}.${(nth >> 3) % 250}`,
  };
  const body = `{"id":${nth},"forged":true}`;
  const options = { method: 'POST', headers, body, signal: AbortSignal.timeout(20_000) };
  const response = await fetch(`http://127.0.0.1:${port}/webhooks/${source}`, options).catch(() => undefined);
  await response?.text().catch(() => {});
}
