/**
 * The database is stopped and started, again and again, under a service that receives and handles: nothing but 200 and
 * 503, nothing lost, nothing done twice. CONSIGNEE_DATABASE_RESTARTS sets how often.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { clear, expectAnswers, expectKept, expectUnharmed, startEnduring } from '../harness/ledger.ts';
import { startLoad } from '../harness/load.ts';
import { type PostgresServer, type StopMode, startPostgres } from '../harness/postgres.ts';
import type { Service } from '../harness/service.ts';

const RESTARTS = Number(process.env.CONSIGNEE_DATABASE_RESTARTS ?? 2);

async function startBoth(host = '127.0.0.1'): Promise<[PostgresServer, Service]> {
  const server = await startPostgres();
  onTestFinished(() => server.stop('immediate'));
  const service = await startEnduring(server.url().replace('127.0.0.1', host));
  onTestFinished(() => clear(service));
  return [server, service];
}

test.for<StopMode>(['immediate', 'fast'])(
  `stopped ${RESTARTS} times under load: %s`,
  { timeout: RESTARTS * 15_000 + 60_000 },
  async (mode) => {
    const [server, service] = await startBoth();
    const load = startLoad(service, { perSecond: 60 });
    for (let nth = 0; nth < RESTARTS; nth++) {
      await sleep(200 + Math.random() * 600);
      await server.down(mode);
      await sleep(Math.random() * 400);
      await server.up();
      await load.untilTaken();
    }
    const ledger = await load.stop();

    expectAnswers(ledger);
    expect(new Set(load.sent().map(({ status }) => status))).toEqual(new Set([200, 503]));
    await expectKept(service, (sql) => server.query('postgres', sql), ledger);
    expectUnharmed(service);
    expect(await service.stop()).toBe(0);
  },
);

test('while it stays down the service is not ready, and can be stopped', async () => {
  // On most machines two addresses, whose error has no words of its own.
  const [server, service] = await startBoth('localhost');
  const load = startLoad(service);
  await load.untilTaken();
  await server.down('fast');
  await load.untilReady(false);
  const said = await service.line(({ msg }) => msg === 'the inbox does not take writes');
  expect(said.reason).toContain('ECONNREFUSED');
  const refused = await load.next(10);
  expectAnswers(await load.stop());
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
  expectUnharmed(service);
  expect(await service.stop()).toBe(0);
});
