/**
 * The inbox thread of a replica on PostgreSQL: introduces its parts to each other and speaks with the edge and the handlers.
 *
 *   intake    arrivals ▶ receipt ▶ the database ▶ answers         health   whether the database takes writes
 *   hand-out  claims ▶ the handlers' thread ▶ settlements         lease  this replica among the others
 *   scheduler      slots, rates and rests, here                        shares, notifier   the same, among replicas
 *
 * Started by ../client.ts. Nothing here is remembered that the database does not decide.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ConfigError } from '../../base/errors.ts';
import type { Database } from '../contract.ts';
import { type Call, type Reply, type Request, type ThreadData, unpack } from '../messages.ts';
import { Scheduler } from '../scheduler.ts';
import { routesOf } from '../stored-source.ts';
import { HandlersPort } from '../work-port.ts';
import { createPool, dropIdle, inTransaction, openAll } from './connection.ts';
import { HandOut } from './hand-out.ts';
import { Health } from './health.ts';
import { Intake } from './intake.ts';
import { Lease } from './lease.ts';
import { Membership } from './membership.ts';
import { Notifier } from './notifier.ts';
import { Numbers } from './numbers.ts';
import { orderInTransaction } from './orders.ts';
import { Purge } from './purge.ts';
import { keepAll } from './receipt.ts';
import { prepareDatabase } from './schema.ts';
import { noteUses, readStatus } from './status.ts';

const CLOSE_MS = 5_000;

const edge = parentPort as MessagePort;
const { database, sources, knobs, dispatches } = workerData as ThreadData;
const { url, place } = database as Extract<Database, { kind: 'postgres' }>;
const routes = routesOf(sources);
const targets = [...new Set(routes.values().map(({ target }) => target))];

await prepareDatabase(url, place);
const pool = createPool(url, knobs.postgres);
const scheduler = new Scheduler(routes);
const numbers = new Numbers();
const lease = new Lease(pool, knobs.postgres.leaseMs, dispatches ? targets : []);
const health: Health = new Health({
  probe: () => membership.tick(),
  onOpen: () => {
    intake.run();
    handOut.soon();
  },
  onShut: (reason) => intake.failAll(reason),
  onError: (error) => dropIdle(pool, error),
  tell: (taken, reason) => reply({ kind: 'writes', taken, reason }),
});
const handOut = new HandOut({
  pool,
  lease,
  scheduler,
  sources,
  routes,
  handlers: dispatches ? [...routes.keys()] : [],
  deliver: (deliveries) => handlers.send(deliveries),
  onRest: (target, restMs) => membership.tellRest(target, restMs),
  onError: (error) => health.doubt(error),
});
const notifier = new Notifier(url, pool, (notice) =>
  notice === 'work' ? handOut.expect() : membership.soon(),
);
const membership = new Membership({
  pool,
  lease,
  scheduler,
  numbers,
  notifier,
  handOut,
  notLatest: [...routes.values()].filter(({ latest }) => !latest).map(({ handler }) => handler),
  onLost: (reason) => reply({ kind: 'lost', reason }),
  onOrphans: (interrupted) => reply({ kind: 'orphans', interrupted }),
  onError: (error) => health.doubt(error),
});
const intake = new Intake({
  health,
  keep: (arrivals) => keepAll({ pool, sources, scheduler, numbers, owner: () => lease.owner }, arrivals),
  onTaken: ({ deliveries, waiting }) => {
    handlers.send(deliveries);
    if (waiting.size === 0) return;
    handOut.expect(waiting);
    if (lease.members.some(({ id }) => id !== lease.id)) notifier.notify('work');
  },
  kept: (id, kept) => reply({ kind: 'kept', id, kept }),
  failed: (id, reason) => reply({ kind: 'failed', id, reason }),
});
const purge = new Purge(pool, url, knobs.postgres.partitionDays);
const handlers = new HandlersPort(({ settled, grant }) => {
  handOut.settle(settled);
  membership.grant(grant);
});

await membership.enter().catch((error: Error) => {
  const wrong = `names PostgreSQL at ${place}, where this replica cannot take its place (${error.message})`;
  throw new ConfigError([{ setting: 'DATABASE_URL', wrong, fix: 'Start it again in a moment.' }]);
});
await openAll(pool);
if (dispatches) void notifier.listen();
edge.on('message', (request: Request | { kind: 'work'; port: MessagePort }) => {
  if (request.kind === 'arrivals') intake.push({ id: request.id, arrivals: unpack(request.batch) });
  else if (request.kind === 'settle') handOut.settle(request.settled);
  else if (request.kind === 'work') {
    membership.forgetGrants();
    handlers.adopt(request.port);
  } else void answer(request.id, request.call);
});
reply({ kind: 'ready' });

function reply(message: Reply): void {
  edge.postMessage(message);
}

async function answer(id: number, call: Call): Promise<void> {
  try {
    reply({ kind: 'answer', id, answer: await carry(call) });
  } catch (error) {
    reply({ kind: 'answer', id, error: (error as Error).message });
  }
  if (call.name === 'close') edge.close();
}

async function carry(call: Call): Promise<unknown> {
  switch (call.name) {
    case 'status':
      return { ...(await readStatus(pool)), resting: scheduler.resting() };
    case 'recover':
      handlers.hearTheRest();
      await handOut.drain();
      return await membership.recover();
    case 'pause':
      scheduler.pause();
      return await handOut.between(async () => {});
    case 'order': {
      const changed = await inTransaction(pool, (client) => orderInTransaction(client, sources, call.order));
      notifier.notify('work');
      handOut.expect();
      return changed;
    }
    case 'purge':
      return await purge.step(call.eventsBefore, call.keysBefore);
    case 'noteUses':
      return await noteUses(pool, call.uses);
    case 'close':
      return await close();
  }
}

/** Not for ever: a database that does not answer has nothing to be told. */
async function close(): Promise<void> {
  handlers.hearTheRest();
  const ended = (async () => {
    await intake.drain();
    await handOut.drain();
    handOut.stop();
    await membership.leave();
  })();
  await Promise.race([
    ended.catch(() => {}),
    new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
  ]);
  handOut.stop();
  membership.stop();
  health.close();
  handlers.close();
  // Both say goodbye to the database, which may not answer.
  void notifier.close();
  void pool.end();
}
