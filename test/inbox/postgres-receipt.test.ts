/** A batch that fails half way: what its first statement had handed out must not stay out. */
import { expect, test } from 'vitest';
import { Lease } from '../../src/inbox/postgres/lease.ts';
import { keepAll, type ReceiptOptions } from '../../src/inbox/postgres/receipt.ts';
import { Scheduler } from '../../src/inbox/scheduler.ts';
import { routesOf } from '../../src/inbox/stored-source.ts';
import { Targets } from '../../src/inbox/targets.ts';
import { arrival, fresh, SOURCES } from './driver.ts';
import { preparedForEach } from './prepared.ts';

const opened = preparedForEach();

test('slots of what was kept are free again if the look for what was known fails', async () => {
  const scheduler = new Scheduler(new Targets(routesOf(SOURCES)));
  scheduler.targets.named('one/a').grant(2);
  const lease = new Lease(opened.pool, 15_000, []);
  await lease.enter();
  const options: ReceiptOptions = { pool: opened.pool, sources: SOURCES, scheduler, lease };
  const known = arrival('still', fresh());
  await keepAll(options, [known]);
  const failing = Object.assign(Object.create(opened.pool) as typeof opened.pool, {
    async query(...parameters: Parameters<typeof opened.pool.query>) {
      if ((parameters[0] as { name?: string }).name === 'known') throw new Error('the connection broke');
      return await opened.pool.query(...parameters);
    },
  });
  await expect(keepAll({ ...options, pool: failing }, [arrival('one', fresh()), known])).rejects.toThrow(
    'the connection broke',
  );
  const rows = await opened.database.query('SELECT handler, state, owner FROM work');
  expect(rows).toEqual([{ handler: 'one/a', state: 'handling', owner: 1 }]);
  expect(scheduler.idle).toBe(true);
  expect(scheduler.targets.of('one/a').room(Date.now())).toBe(2);
});
