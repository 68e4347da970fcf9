/**
 * The inbox thread of a replica on PostgreSQL: makes its parts, and speaks with the edge and the handlers' thread.
 *
 *   thread ─┬─ intake ───┐                arrivals ▶ receipt ▶ answers
 *           ├─ health ◀──┘                whether the database takes writes
 *           │    └─ membership            heartbeats, adoption; in it: ownership, shares
 *           │         ├─ hand-out         due events ▶ handlers ▶ settlements; in it: loop, claims
 *           │         │    ├─ pauses      handlers that a person has paused
 *           │         │    └─ circuits    circuit breakers, shared with the other replicas
 *           │         └─ circuits
 *           ├─ actions                   what a person ordered of many deliveries, step by step
 *           ├─ purge ─── key index      search keys, written when all is quiet
 *           └─ pool, lease, scheduler, notifier: used by all of the above, and call none of them
 *
 * Calls go down these lines only. What happens below goes up as a ReplicaEvent to `hear`, which is the one listener of all
 * parts: no two of them know each other. Started by ../client.ts. Nothing here is remembered that the database does not decide.
 */
import { workerData } from 'node:worker_threads';
import { ConfigError } from '../../base/errors.ts';
import { type Database, FINGERPRINT_KEY } from '../contract.ts';
import { HandlerPorts } from '../handler-ports.ts';
import { Indexing } from '../indexing.ts';
import { type InboxThreadData, listenToEdge, tellEdge } from '../messages.ts';
import { Scheduler } from '../scheduler.ts';
import { routesOf } from '../stored-source.ts';
import { Targets } from '../targets.ts';
import { ActionRunner } from './action-runner.ts';
import { Circuits } from './circuits.ts';
import { createPool, failureText, inTransaction, openAll } from './connection.ts';
import { fixOf } from './fitness.ts';
import { HandOut } from './hand-out.ts';
import { Health, tryToKeep } from './health.ts';
import { Intake } from './intake.ts';
import { noteAlarmDelivery, noteAlarms, openAlarms } from './kept-alarms.ts';
import { SharedKeyIndex } from './key-index.ts';
import { Lease } from './lease.ts';
import { Membership } from './membership.ts';
import { Notifier } from './notifier.ts';
import { operatorCallsIn } from './operator.ts';
import { Pauses } from './pauses.ts';
import { Purge } from './purge.ts';
import type { Notice, ReplicaEvent } from './replica-event.ts';
import { metaOf, problemAt } from './schema.ts';
import { noteCounts, StatusReader } from './status.ts';
import { prepareDatabase } from './tables.ts';

const CLOSE_MS = 5_000;
const PROBE_MS = 1_500;
const INDEX_AGAIN_MS = 5_000;

const { database, sources, knobs, dispatches } = workerData as InboxThreadData;
const { url, place } = database as Extract<Database, { kind: 'postgres' }>;
const routes = routesOf(sources);
const hasLatest = routes.values().some(({ latest }) => latest !== undefined);
const targets = [...new Set(routes.values().map(({ target }) => target))];

await prepareDatabase(url, place, { say: (waitsFor) => tellEdge({ kind: 'waits', waitsFor }) });
const pool = createPool(url, knobs.postgres);
const scheduler = new Scheduler(new Targets(routes, true));
const lease = new Lease(pool, knobs.postgres.leaseMs, dispatches ? targets : []);
const notifier = new Notifier(url, pool, hear);
const shared = { pool, lease, scheduler, notifier, tell: hear };
const circuits = new Circuits({ ...shared, knobs: knobs.circuit });
const wired = dispatches ? [...routes.keys()] : [];
const pauses = new Pauses(pool, scheduler, routes);
const handingOut = new HandOut({ ...shared, circuits, pauses, sources, routes, handlers: wired });
const membership = new Membership({ ...shared, circuits, handOut: handingOut, rules: { knobs, routes } });
const health = new Health(pool, proveOpen, hear);
const intake = new Intake({ pool, sources, scheduler, lease }, health, hear);
const actionRunner = new ActionRunner(pool, sources, hear, () => {
  notifier.notify('work');
  handingOut.expect();
});
const keys = new SharedKeyIndex(pool, sources);
const purge = new Purge({ pool, url, lease, keys }, knobs.postgres.partitionDays);
const status = new StatusReader(pool, url, lease.clock, routes);
const handlers = new HandlerPorts(({ settled, grant }) => {
  handingOut.settle(settled);
  membership.grant(grant);
});

await membership.enter().catch((error: Error & { code?: string }) => {
  const wrong = `where this replica cannot take its place (${failureText(error)})`;
  // What has no code is said by us.
  const fix = error.code === undefined ? 'Start it again in a moment.' : fixOf(error);
  throw new ConfigError([problemAt(place, { wrong, fix })]);
});
await openAll(pool);
actionRunner.carryOn();
await pauses.refresh();
if (dispatches) void notifier.listen();
const keyIndexing = new Indexing({
  step: () => keys.step(lease.clock.inCommon(Date.now())),
  // With a slow network its few statements hold a connection for long.
  isNeeded: () => intake.isWaiting || pool.idleCount === 0,
  againMs: INDEX_AGAIN_MS,
  onError: () => {},
});
listenToEdge(
  (batch) => {
    intake.push(batch);
    keyIndexing.note();
  },
  {
    status: async () => ({ ...(await status.read()), ...scheduler.targets.rests(Date.now()) }),
    async recover(ending) {
      handlers.hearTheRest();
      const ofThread = handlers.end(ending);
      if (ofThread) return membership.recoverThread(ofThread, ending);
      await handingOut.drain();
      return await membership.recover(ending);
    },
    async pause() {
      scheduler.pause();
      await handingOut.between(async () => {});
    },
    ...operatorCallsIn({
      sources,
      inTransaction: (work) => inTransaction(pool, work),
      writeRests: () => circuits.refresh(),
      notify(notice) {
        notifier.notify(notice);
        hearNotice(notice);
      },
    }),
    purge: (eventsBefore, keysBefore) => purge.step(eventsBefore, keysBefore),
    fingerprintKey: async () => (await metaOf(pool, FINGERPRINT_KEY)) ?? '',
    noteCounts: (counts) => noteCounts(pool, lease.clock, counts),
    noteAlarms: (noted) => noteAlarms(pool, { ...noted, now: lease.clock.inCommon(noted.now) }),
    openAlarms: (now) => openAlarms(pool, lease.clock.inCommon(now)),
    noteAlarmDelivery: (delivery) => noteAlarmDelivery(pool, delivery),
    doubt: async () => {},
    believeClock: async () => {},
    copyTo: () => Promise.reject(new Error('the inbox is in PostgreSQL: use pg_dump')),
    connectHandlers: (port, share) => handlers.connect(port, share),
    assignHandlers: (share) => handlers.assign(share),
    attemptsOut: (thread, hasEnded) => handlers.attemptsOut(thread, hasEnded),
    close,
  },
);

async function proveOpen(): Promise<void> {
  await tryToKeep(pool, { number: lease.nextNumber(Date.now()), withinMs: PROBE_MS, hasLatest });
  await membership.heartbeat();
}

function hear(event: ReplicaEvent): void {
  if (event.kind === 'deliveries') handlers.send(event.deliveries);
  else if (event.kind === 'waiting') {
    handingOut.expect(event.handlers);
    if (lease.members.some(({ id }) => id !== lease.id)) notifier.notify('work');
  } else if (event.kind === 'notice') hearNotice(event.notice);
  else if (event.kind === 'error') health.doubt(event.error);
  else if (event.kind === 'late') void health.suspect();
  else if (event.kind === 'open') {
    intake.run();
    handingOut.soon();
  } else if (event.kind === 'shut') intake.failAll(event.reason);
  else tellEdge(event);
}

function hearNotice(notice: Notice): void {
  if (notice === 'work') handingOut.expect();
  else if (notice === 'actions') actionRunner.carryOn();
  else if (notice === 'members') membership.soon();
  else {
    const refreshed = notice === 'pauses' ? pauses.refresh() : circuits.refresh();
    refreshed.then(
      () => handingOut.expect(),
      (error) => health.doubt(error),
    );
  }
}

/** Waits for a few seconds only: a database that does not answer has nothing to be told. */
async function close(): Promise<void> {
  keyIndexing.stop();
  handlers.hearTheRest();
  const ended = (async () => {
    await intake.drain();
    await handingOut.drain();
    handingOut.stop();
    await membership.leave();
  })();
  await Promise.race([
    ended.catch(() => {}),
    new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
  ]);
  handingOut.stop();
  actionRunner.stop();
  membership.stop();
  health.close();
  handlers.closeAll();
  // Both wait for the database, which may not answer.
  void notifier.close();
  void pool.end();
}
