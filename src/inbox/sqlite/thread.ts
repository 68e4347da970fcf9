/**
 * The inbox thread: everything that has come in since the last commit goes into the next one.
 *
 * Started by ../client.ts. Messages queue up while a commit is on its way to disk; when it is there, one turn of the loop
 * takes them all. Each batch of arrivals is answered after its own commit. If a commit fails, its arrivals are answered
 * with the failure, settlements and grants stay queued, and a probe twice a second finds out when the disk writes again.
 */
import { workerData } from 'node:worker_threads';
import type { Database, Settlement } from '../contract.ts';
import { HandlerPorts } from '../handler-ports.ts';
import { Indexing } from '../indexing.ts';
import {
  type ArrivalBatch,
  type InboxThreadData,
  listenToEdge,
  tellEdge,
  type WorkRequest,
} from '../messages.ts';
import { interruptedOf } from '../retry.ts';
import { ClockJumps } from './clock.ts';
import { openInboxFile, takeOwnership } from './files.ts';
import { fingerprintKeyOf } from './fingerprint-key.ts';
import { copyDatabase, OpenFiles } from './open-files.ts';
import { ActionSteps, operatorCallsOf, turnsOf } from './operator.ts';
import { Store } from './store.ts';

const PROBE_MS = 500;
const WAKE_AT_MOST_MS = 1_000;
const GATHER_MS = 4;
const INDEX_AGAIN_MS = 1_000;

const { database: place, sources, knobs } = workerData as InboxThreadData;
const { path } = place as Extract<Database, { kind: 'sqlite' }>;
const owner = takeOwnership(path);
const database = openInboxFile(path, knobs.inboxCacheMb);
const store = new Store(database, sources);
const openFiles = new OpenFiles(path, owner, awaitWrites);
const { noting } = openFiles;

const batches: ArrivalBatch[] = [];
let settled: Settlement[] = [];
const grants = new Map<string, number>();
const handlerPorts = new HandlerPorts(hearHandlers);
const takeExtraTurn = turnsOf(store, noting, planTurn);
const actionSteps = new ActionSteps(takeExtraTurn);
let planned: NodeJS.Immediate | undefined;
let gathering: NodeJS.Timeout | undefined;
let lastTurn = 0;
let writes = true;
const clockJumps = new ClockJumps();
let wake: NodeJS.Timeout | undefined;
const indexing = new Indexing({
  step: () => (writes ? store.indexKeys(Date.now()) : 'end'),
  isNeeded: () => batches.length > 0 || planned !== undefined,
  againMs: INDEX_AGAIN_MS,
  onError: (error) => openFiles.note(error),
});

listenToEdge(
  (batch) => {
    batches.push(batch);
    planTurn();
  },
  {
    status: () => noting(() => store.status()),
    fingerprintKey: () => fingerprintKeyOf(database),
    recover(ending) {
      hearTheRest();
      const ofThread = handlerPorts.end(ending);
      if (!ofThread) grants.clear();
      const interrupted = noting(() => store.recover(ending, ofThread, Date.now(), knobs));
      settled.push(...interrupted);
      planTurn();
      return interruptedOf(interrupted);
    },
    pause: () => store.pause(),
    ...operatorCallsOf(takeExtraTurn, actionSteps.carryOn),
    purge: (eventsBefore, keysBefore) => noting(() => store.purge(eventsBefore, keysBefore, Date.now())),
    noteCounts: (counts) => noting(() => store.noteCounts(counts, Date.now())),
    ...store.alarms.calls(noting),
    believeClock: () => noting(() => store.believeClock(Date.now())),
    doubt: async (reason) => void openFiles.note(new Error(reason)),
    async copyTo(to) {
      // What is settled by now belongs into the copy.
      hearTheRest();
      await copyDatabase(database, to);
    },
    connectHandlers: (port, share) => handlerPorts.connect(port, share),
    assignHandlers: (share) => handlerPorts.assign(share),
    attemptsOut: (thread, hasEnded) => handlerPorts.attemptsOut(thread, hasEnded),
    close: closeFile,
  },
);

actionSteps.carryOn();

function hearHandlers({ settled: more, grant }: WorkRequest): void {
  settled.push(...more);
  for (const [name, slots] of Object.entries(grant)) grants.set(name, (grants.get(name) ?? 0) + slots);
  planGathering();
}

function hearTheRest(): void {
  handlerPorts.hearTheRest();
  if (settled.length > 0) takeTurn();
}

function planTurn(): void {
  planned ??= setImmediate(takeTurn);
}

/** A turn that is taken now, or never again, makes every plan for one void. */
function dropPlans(): void {
  clearImmediate(planned);
  clearTimeout(gathering);
  clearTimeout(wake);
  planned = gathering = undefined;
}

/** Settlements alone are not worth a sync of their own while events keep coming: nobody waits for them. */
function planGathering(): void {
  if (planned || gathering) return;
  const waitMs = GATHER_MS - (performance.now() - lastTurn);
  if (waitMs <= 0 || store.isStarved(Date.now())) planTurn();
  else gathering = setTimeout(planTurn, waitMs);
}

function takeTurn(): void {
  dropPlans();
  lastTurn = performance.now();
  clockJumps.follow((byMs) => store.shiftDue(byMs, Date.now()), openFiles);
  const taken = batches.splice(0);
  const finished = settled;
  settled = [];
  const arrivals = taken.flatMap((batch) => batch.arrivals);
  try {
    const committed = store.commit(arrivals, finished, grants, Date.now(), knobs.circuit);
    grants.clear();
    let from = 0;
    for (const { id, arrivals } of taken) {
      tellEdge({ kind: 'kept', id, kept: committed.kept.slice(from, from + arrivals.length) });
      from += arrivals.length;
    }
    handlerPorts.send(committed.deliveries);
    for (const change of committed.circuitChanges) tellEdge({ kind: 'circuit', ...change });
    reportWrites(true);
    planWake();
    if (arrivals.length > 0) indexing.note();
  } catch (error) {
    settled = [...finished, ...settled];
    for (const { id } of taken) tellEdge({ kind: 'failed', id, reason: (error as Error).message });
    awaitWrites(error);
  }
}

function awaitWrites(error: unknown): void {
  openFiles.note(error);
  reportWrites(false, (error as Error).message);
  clearTimeout(wake);
  wake = setTimeout(probe, PROBE_MS);
}

/** Due times live in the database; this timer only looks again. */
function planWake(): void {
  const now = Date.now();
  const waitMs = store.nextDue(now) - now;
  if (waitMs === Number.POSITIVE_INFINITY) return;
  if (waitMs <= 0) planTurn();
  else wake = setTimeout(planTurn, Math.min(waitMs, WAKE_AT_MOST_MS));
}

function probe(): void {
  try {
    store.probe(Date.now());
    reportWrites(true);
    planTurn();
  } catch (error) {
    awaitWrites(error);
  }
}

function reportWrites(taken: boolean, reason = ''): void {
  if (taken === writes) return;
  writes = taken;
  tellEdge({ kind: 'writes', taken, reason });
}

function closeFile(): void {
  indexing.stop();
  hearTheRest();
  if (batches.length > 0) takeTurn();
  dropPlans();
  actionSteps.stop();
  handlerPorts.closeAll();
  database.close();
  openFiles.close();
}
