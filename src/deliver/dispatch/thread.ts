/**
 * A handlers' thread: imports the user's wiring, and runs the dispatcher on it, or the `reply` function of one source. Started
 * and watched by handlers-thread.ts.
 *
 * Its heartbeat goes into shared memory; a handler that never yields stops it, and the thread is ended. What throws with nobody to
 * catch it fails the attempt that started it and harms nothing else.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { wordsOf } from '../../base/errors.ts';
import { bundledOutput, createLog, type LogOptions } from '../../base/log/log.ts';
import { answerCalls } from '../../base/thread-calls.ts';
import type { Delivery } from '../../inbox/contract.ts';
import { numberOf } from '../../inbox/event-id.ts';
import { workThrough } from '../../inbox/messages.ts';
import { noTimes, placeOf } from '../../inbox/tallies.ts';
import type { Reply, SourceWiring } from '../handler.ts';
import { type DeliveryKnobs, sourceNameOf, wiredHandlers } from '../handlers.ts';
import { importOwn } from '../own-module.ts';
import { currentAttempt, eventOf } from './attempt.ts';
import { Dispatcher } from './dispatcher.ts';
import { reportFailure } from './failure.ts';
import { Pulse } from './pulse.ts';
import { type ReplyResult, runReply } from './reply.ts';

export interface HandlersThreadData {
  /** URL of the module whose default export is the wiring. */
  readonly wiring: string;
  readonly knobs: DeliveryKnobs;
  readonly logOptions: LogOptions;
  /** Through which events come; left out if it only runs a `reply` function. */
  readonly port?: MessagePort;
  readonly pulse: SharedArrayBuffer;
  /** By handler the events beside which nothing else may run. */
  readonly suspects: ReadonlyMap<string, readonly number[]>;
  /** Slots by target, if it is the one to say that events may be handed out. */
  readonly grant: Readonly<Record<string, number>>;
  /** The source whose `reply` function runs in it. */
  readonly replies: string | undefined;
}

export interface HandlersCalls {
  /** What the `reply` function of the event's source says, or why it says nothing, by that time at the latest. */
  reply(delivery: Delivery, until: number): Promise<ReplyResult>;
  /** Nothing runs beside these any more. */
  suspect(handler: string, events: readonly number[]): void;
  /** Resolves when the last attempt has ended or the time is over, and all is said. */
  stop(graceMs: number): Promise<void>;
}

export type FromHandlers =
  | { readonly kind: 'lines'; readonly text: string }
  | { readonly kind: 'cleared'; readonly handler: string; readonly event: number }
  | { readonly kind: 'counts'; readonly counts: readonly AttemptCounts[] };

/** How many attempts of a handler ended so, and how long they took (inbox/tallies.ts). */
export type AttemptCounts = [handler: string, outcome: string, count: number, times: number[]];

const HEARTBEAT_MS = 200;
const COUNTS_MS = 1_000;

const { wiring, knobs, logOptions, port, suspects, grant, ...data } = workerData as HandlersThreadData;
const supervisor = parentPort as MessagePort;
const lines = bundledOutput((text) => tell({ kind: 'lines', text }));
const threadLog = createLog(logOptions, lines);
const surroundings = { log: threadLog, development: logOptions.pretty };

for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(name, (error: unknown) => {
    const attempt = currentAttempt();
    if (attempt?.fail(error)) return;
    const whose = attempt ? { handler: attempt.handler, eventId: attempt.eventId } : {};
    const { trace } = reportFailure(error);
    const where = trace.length > 0 && { trace: trace.join('\n') };
    threadLog.error(
      { ...whose, reason: wordsOf(error), ...where },
      'a handler threw after it had ended, or outside of any attempt',
    );
  });
}

const counts = new Map<string, AttemptCounts>();
const sources = (await importOwn<{ default: SourceWiring[] }>(wiring)).default;
const wiredByName = wiredHandlers(sources, knobs);
const pulse = new Pulse([...wiredByName.keys()], data.pulse);
setInterval(() => pulse.beat(), HEARTBEAT_MS);
const dispatcher =
  port &&
  new Dispatcher({
    handlers: wiredByName,
    work: workThrough(port),
    knobs,
    surroundings,
    pulse,
    suspects,
    onCleared: (handler, event) => tell({ kind: 'cleared', handler, event }),
    onSettled: (handler, outcome, ms) => {
      const counted = counts.get(`${handler} ${outcome}`) ?? [handler, outcome, 0, noTimes()];
      counted[2]++;
      const place = placeOf(ms);
      if (place !== undefined) counted[3][place] = (counted[3][place] ?? 0) + 1;
      counts.set(`${handler} ${outcome}`, counted);
    },
  });
setInterval(reportCounts, COUNTS_MS);
// Whoever calls process.exit() is known even if it has waited for something before.
process.on('exit', () => {
  const attempt = currentAttempt();
  if (attempt) pulse.blame({ handler: attempt.handler, event: numberOf(attempt.eventId) ?? 0 });
});
const reply = sources.find((source) => sourceNameOf(source) === data.replies)?.reply as Reply;
answerCalls<HandlersCalls>(supervisor, {
  reply: (delivery, until) => runReply(reply, eventOf(delivery), until, surroundings),
  suspect: (handler, events) => dispatcher?.suspect(handler, events),
  async stop(graceMs) {
    await dispatcher?.stop(graceMs);
    reportCounts();
    lines.flush();
  },
});
// A handler may block before the first heartbeat is due, and must not be taken for modules that load.
pulse.beat();
dispatcher?.start(grant);

function tell(message: FromHandlers): void {
  supervisor.postMessage(message);
}

function reportCounts(): void {
  if (counts.size === 0) return;
  tell({ kind: 'counts', counts: [...counts.values()] });
  counts.clear();
}
