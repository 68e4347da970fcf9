/** Tallies of a service that runs: what is counted, that a stop loses none, a kill little, and that replicas share them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deliver, startWired, tell, told, untilOutcome } from '../harness/deliver.ts';
import { freshDatabase } from '../harness/postgres.ts';
import { waitFor } from '../harness/waiting.ts';

const COUNTS = `SELECT subject || ' ' || outcome AS name, CAST(sum(count) AS integer) AS count FROM tallies
  WHERE step = 60 GROUP BY subject, outcome ORDER BY 1`;
type Counted = { readonly name: string; readonly count: number };
const asObject = (rows: readonly Counted[]) =>
  Object.fromEntries(rows.map(({ name, count }) => [name, Number(count)]));

test('a stop loses none, and what was told before a kill is there after it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const first = await startWired({ folder });
  await tell(first, 'jobs', 'ok');
  await waitFor(() => first.sql<Counted>(COUNTS).length > 0, 20_000, first.output);
  await first.kill('SIGKILL');
  const second = await startWired({ folder });
  const body = told('ok');
  const { id } = await deliver(second, 'jobs', body);
  await deliver(second, 'jobs', body);
  await fetch(`${second.url}/webhooks/jobs`, { method: 'POST', body });
  await fetch(`${second.url}/nowhere`, { method: 'POST', body });
  await untilOutcome(second, id, 'done');
  await second.stop();
  const counted = asObject(second.sql<Counted>(COUNTS));
  expect(counted).toMatchObject({
    'jobs accepted': 2,
    'jobs duplicate': 1,
    'jobs hmac_missing': 1,
    'none not_found': 1,
  });
  // The attempt may have ended a moment before the kill.
  expect(counted['jobs/work done']).toBeGreaterThanOrEqual(1);
  const minutes = second.sql<Counted>(COUNTS.replace('step = 60', 'step = 1'));
  expect(asObject(minutes)).toEqual(counted);
  expect(second.events()).toHaveLength(2);
  rmSync(folder, { recursive: true });
});

test('replicas add to the same ones', async () => {
  const database = await freshDatabase();
  const replicas = await Promise.all([1, 2].map(() => startWired({ database: database.url })));
  const bodies = Array.from({ length: 20 }, () => told('ok'));
  await Promise.all(bodies.flatMap((body) => replicas.map((replica) => deliver(replica, 'jobs', body))));
  await Promise.all(replicas.map((replica) => replica.stop()));
  const counted = asObject(await database.query<Counted>(COUNTS));
  expect(counted).toMatchObject({ 'jobs accepted': 20, 'jobs duplicate': 20 });
  const [sum] = await database.query<{ events: number }>('SELECT count(*) AS events FROM inbox');
  expect(sum?.events).toBe(20);
  await database.drop();
});
