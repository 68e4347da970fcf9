/** Receiving and handling left to different processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodyOf, Cluster, CONFIG, SECRETS, tell, until } from '../harness/cluster.ts';
import { runToEnd } from '../harness/command.ts';
import { deliver } from '../harness/deliver.ts';
import { SECRET } from '../harness/project.ts';
import type { Service } from '../harness/service.ts';
import { flexportHeaders } from '../harness/signing.ts';

let cluster: Cluster;
let receiver: Service;
let dispatching: Promise<Service> | undefined;
/** Whoever needs it first has it started: the first test begins without one. */
const startDispatcher = () => {
  dispatching ??= cluster.start({ args: ['--dispatch-only'] });
  return dispatching;
};
beforeAll(async () => {
  cluster = await Cluster.make();
  receiver = await cluster.start({ args: ['--receive-only'] });
});
afterAll(() => cluster.close());

test('the one that receives answers by `reply`, keeps what it takes, and hands nothing out', async () => {
  for (const path of ['/healthz', '/readyz']) {
    expect((await fetch(`${receiver.url}${path}`)).status).toBe(200);
  }
  const body = bodyOf({ thing: 'a question' });
  const headers = flexportHeaders(SECRET, body);
  const response = await fetch(`${receiver.url}/webhooks/asked`, { method: 'POST', headers, body });
  expect(await response.json()).toEqual({ saw: 'a question', by: receiver.pid });
  const id = await tell(receiver, 'jobs');
  await sleep(1_500);
  expect(cluster.runs()).toEqual([]);
  const waiting = await cluster.database.query('SELECT state, attempts FROM work');
  expect(waiting).toEqual([
    { state: 'pending', attempts: 0 },
    { state: 'pending', attempts: 0 },
  ]);

  const dispatcher = await startDispatcher();
  await cluster.untilDone();
  expect(cluster.runs().map(({ pid }) => pid)).toEqual([dispatcher.pid, dispatcher.pid]);
  expect(await cluster.outcomes(id)).toEqual(['1 done']);
});

test('what one takes in another handles, and soon', async () => {
  const dispatcher = await startDispatcher();
  await cluster.untilShared('jobs/work', 8);
  const before = cluster.runs('jobs').length;

  const begun = Date.now();
  const ids: string[] = [];
  for (let count = 1; count <= 20; count++) {
    ids.push(await tell(receiver, 'jobs'));
    await until(() => cluster.runs('jobs').length === before + count);
  }
  // Who got no notice would look once a second, and each event comes just after such a look: twenty of them take twenty.
  expect(Date.now() - begun).toBeLessThan(15_000);
  await cluster.untilDone();
  const runs = cluster.runs('jobs').slice(before);
  expect(runs.map(({ id }) => id)).toEqual(ids);
  for (const { pid } of runs) expect(pid).toBe(dispatcher.pid);

  const stumbled = await tell(receiver, 'jobs', { stumbles: true });
  await cluster.untilDone();
  expect(await cluster.outcomes(stumbled)).toEqual(['1 retry', '2 done']);
});

test('the one that handles takes nothing in, and says so', async () => {
  const dispatcher = await startDispatcher();
  const events = () => cluster.database.query('SELECT number FROM inbox ORDER BY number');
  const before = await events();
  const answer = await deliver(dispatcher, 'jobs', bodyOf({}));
  expect(answer).toMatchObject({ status: 503, retryAfter: '5' });
  for (const path of ['/healthz', '/readyz']) {
    expect((await fetch(`${dispatcher.url}${path}`)).status).toBe(200);
  }
  expect(await events()).toEqual(before);
});

test('an order by a command is carried out by a replica that listens', async () => {
  await startDispatcher();
  const id = await tell(receiver, 'jobs');
  await cluster.untilDone();
  const env = { ...SECRETS, DATABASE_URL: cluster.database.url };
  const { code, output } = await runToEnd(['events', 'replay', id, '--config', CONFIG], { env });
  expect(code, output).toBe(0);
  await until(() => cluster.runs().filter((run) => run.id === id).length === 2);
  await cluster.untilDone();
  expect(await cluster.outcomes(id)).toEqual(['1 done', '1 done']);
});
