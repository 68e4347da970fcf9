/**
 * The handlers' thread: imports the user's wiring and runs the dispatcher on it. Started and watched by supervisor.ts.
 *
 * Its heartbeat goes into shared memory; a handler that never yields stops it, and the supervisor ends the thread. What
 * throws with nobody to catch it fails the attempt that started it and harms nothing else.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { wordsOf } from '../../base/errors.ts';
import { bundledOutput, createLog, type LogOptions } from '../../base/log/log.ts';
import { answerCalls } from '../../base/thread-calls.ts';
import type { Delivery } from '../../inbox/contract.ts';
import { workThrough } from '../../inbox/messages.ts';
import { noTimes, placeOf } from '../../inbox/tallies.ts';
import type { Reply, SourceWiring } from '../handler.ts';
import { type DeliveryKnobs, sourceNameOf, wiredHandlers } from '../handlers.ts';
import { currentAttempt, eventOf } from './attempt.ts';
import { Dispatcher } from './dispatcher.ts';
import { type ReplyResult, runReply } from './reply.ts';

export interface HandlersThreadData {
  /** URL of the module whose default export is the wiring. */
  readonly wiring: string;
  readonly knobs: DeliveryKnobs;
  readonly logOptions: LogOptions;
  readonly port: MessagePort;
  readonly heartbeat: SharedArrayBuffer;
  /** Otherwise it only runs `reply` functions. */
  readonly dispatches: boolean;
}

export interface HandlersCalls {
  /** What the `reply` function of the event's source says, or why it says nothing, by that time at the latest. */
  reply(delivery: Delivery, until: number): Promise<ReplyResult>;
  /** Resolves when the last attempt has ended or the time is over, and all is said. */
  stop(graceMs: number): Promise<void>;
}

export type FromHandlers =
  | { readonly kind: 'lines'; readonly text: string }
  | { readonly kind: 'counts'; readonly counts: readonly AttemptCounts[] };

/** How many attempts of a handler ended so, and how long they took (inbox/tallies.ts). */
export type AttemptCounts = [handler: string, outcome: string, count: number, times: number[]];

const HEARTBEAT_MS = 200;
const COUNTS_MS = 1_000;

const { wiring, knobs, logOptions, port, heartbeat, dispatches } = workerData as HandlersThreadData;
const supervisor = parentPort as MessagePort;
const lines = bundledOutput((text) => tell({ kind: 'lines', text }));
const threadLog = createLog(logOptions, lines);
const surroundings = { log: threadLog, development: logOptions.pretty };
const heartbeats = new Int32Array(heartbeat);
setInterval(() => Atomics.add(heartbeats, 0, 1), HEARTBEAT_MS);

for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(name, (error: unknown) => {
    const attempt = currentAttempt();
    if (attempt?.fail(error)) return;
    const whose = attempt ? { handler: attempt.handler, eventId: attempt.eventId } : {};
    threadLog.error(
      { ...whose, reason: wordsOf(error) },
      'a handler threw after it had ended, or outside of any attempt',
    );
  });
}

const counts = new Map<string, AttemptCounts>();
const sources = ((await import(wiring)) as { default: SourceWiring[] }).default;
const dispatcher = new Dispatcher({
  handlers: wiredHandlers(sources, knobs),
  work: workThrough(port),
  knobs,
  surroundings,
  onSettled: (handler, outcome, ms) => {
    const counted = counts.get(`${handler} ${outcome}`) ?? [handler, outcome, 0, noTimes()];
    counted[2]++;
    const place = placeOf(ms);
    if (place !== undefined) counted[3][place] = (counted[3][place] ?? 0) + 1;
    counts.set(`${handler} ${outcome}`, counted);
  },
});
setInterval(reportCounts, COUNTS_MS);
const replies = new Map(sources.map((source) => [sourceNameOf(source), source.reply]));
answerCalls<HandlersCalls>(supervisor, {
  async reply(delivery, until) {
    const event = eventOf(delivery);
    return await runReply(replies.get(event.source) as Reply, event, until, surroundings);
  },
  async stop(graceMs) {
    await dispatcher.stop(graceMs);
    reportCounts();
    lines.flush();
  },
});
// A handler may block before the first heartbeat is due, and must not be taken for modules that load.
Atomics.add(heartbeats, 0, 1);
if (dispatches) dispatcher.start();

function tell(message: FromHandlers): void {
  supervisor.postMessage(message);
}

function reportCounts(): void {
  if (counts.size === 0) return;
  tell({ kind: 'counts', counts: [...counts.values()] });
  counts.clear();
}
