/**
 * The inbox thread of a replica on PostgreSQL: introduces its parts to each other and speaks with the edge and the handlers.
 *
 *   intake    arrivals ▶ receipt ▶ the database ▶ answers         gate   whether the database takes writes
 *   hand-out  claims ▶ the handlers' thread ▶ settlements         lease  this replica among the others
 *   desk      slots, rates and rests, here                        shares, bell   the same, among replicas
 *
 * Started by ../client.ts. Nothing here is remembered that the database does not decide.
 */
import { workerData } from 'node:worker_threads';
import { ConfigError } from '../../base/errors.ts';
import type { Database } from '../contract.ts';
import { Desk } from '../desk.ts';
import { listenToEdge, tellEdge } from '../edge-port.ts';
import type { InboxThreadData } from '../messages.ts';
import { routesOf } from '../stored-source.ts';
import { HandlersPort } from '../work-port.ts';
import { Bell } from './bell.ts';
import { createPool, dropIdle, inTransaction, openAll } from './connection.ts';
import { Gate } from './gate.ts';
import { HandOut } from './hand-out.ts';
import { Intake } from './intake.ts';
import { Lease } from './lease.ts';
import { Membership } from './membership.ts';
import { Numbers } from './numbers.ts';
import { orderInTransaction } from './orders.ts';
import { Purge } from './purge.ts';
import { keepAll } from './receipt.ts';
import { prepareDatabase } from './schema.ts';
import { noteUses, readStatus } from './status.ts';

const CLOSE_MS = 5_000;

const { database, sources, knobs, dispatches } = workerData as InboxThreadData;
const { url, place } = database as Extract<Database, { kind: 'postgres' }>;
const routes = routesOf(sources);
const targets = [...new Set(routes.values().map(({ target }) => target))];

await prepareDatabase(url, place);
const pool = createPool(url, knobs.postgres);
const desk = new Desk(routes);
const numbers = new Numbers();
const lease = new Lease(pool, knobs.postgres.leaseMs, dispatches ? targets : []);
const gate: Gate = new Gate({
  probe: () => membership.tick(),
  onOpen: () => {
    intake.run();
    handOut.soon();
  },
  onShut: (reason) => intake.failAll(reason),
  onError: (error) => dropIdle(pool, error),
  tell: (taken, reason) => tellEdge({ kind: 'writes', taken, reason }),
});
const handOut = new HandOut({
  pool,
  lease,
  desk,
  sources,
  routes,
  handlers: dispatches ? [...routes.keys()] : [],
  deliver: (deliveries) => handlers.send(deliveries),
  onRest: (target, restMs) => membership.tellRest(target, restMs),
  onError: (error) => gate.doubt(error),
});
const bell = new Bell(url, pool, (ring) => (ring === 'work' ? handOut.expect() : membership.soon()));
const membership = new Membership({
  pool,
  lease,
  desk,
  numbers,
  bell,
  handOut,
  notLatest: [...routes.values()].filter(({ latest }) => !latest).map(({ handler }) => handler),
  onLost: (reason) => tellEdge({ kind: 'lost', reason }),
  onOrphans: (interrupted) => tellEdge({ kind: 'orphans', interrupted }),
  onError: (error) => gate.doubt(error),
});
const intake = new Intake({
  gate,
  keep: (arrivals) => keepAll({ pool, sources, desk, numbers, owner: () => lease.owner }, arrivals),
  onTaken: ({ deliveries, waiting }) => {
    handlers.send(deliveries);
    if (waiting.size === 0) return;
    handOut.expect(waiting);
    if (lease.members.some(({ id }) => id !== lease.id)) bell.ring('work');
  },
  kept: (id, kept) => tellEdge({ kind: 'kept', id, kept }),
  failed: (id, reason) => tellEdge({ kind: 'failed', id, reason }),
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
if (dispatches) void bell.listen();
listenToEdge(
  { arrivals: (batch) => intake.push(batch), settle: (settled) => handOut.settle(settled) },
  {
    status: async () => ({ ...(await readStatus(pool)), resting: desk.resting() }),
    async recover() {
      handlers.hearTheRest();
      await handOut.drain();
      return await membership.recover();
    },
    async pause() {
      desk.pause();
      await handOut.between(async () => {});
    },
    async order(order) {
      const changed = await inTransaction(pool, (client) => orderInTransaction(client, sources, order));
      bell.ring('work');
      handOut.expect();
      return changed;
    },
    purge: (eventsBefore, keysBefore) => purge.step(eventsBefore, keysBefore),
    noteUses: (uses) => noteUses(pool, uses),
    connectHandlers(port) {
      membership.forgetGrants();
      handlers.adopt(port);
    },
    close,
  },
);

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
  gate.close();
  handlers.close();
  // Both say goodbye to the database, which may not answer.
  void bell.close();
  void pool.end();
}
