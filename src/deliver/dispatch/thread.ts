/**
 * The handlers' thread: imports the user's wiring and runs the dispatcher on it. Started and watched by supervisor.ts.
 *
 * Its heartbeat goes into shared memory; a handler that never yields stops it, and the supervisor ends the thread. What
 * throws with nobody to catch it fails the attempt that started it and harms nothing else.
 */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { wordsOf } from '../../base/errors.ts';
import { createLog, type LogOptions } from '../../base/log/log.ts';
import { bundledOutput } from '../../base/log/output.ts';
import { workThrough } from '../../inbox/work-port.ts';
import type { Reply, SourceWiring } from '../handler.ts';
import type { DeliveryKnobs } from '../handlers.ts';
import { handlersOf, sourceNameOf } from '../handlers.ts';
import { currentAttempt } from './attempt.ts';
import { Dispatcher } from './dispatcher.ts';
import { eventOf } from './event.ts';
import type { ReplyRequest } from './replies.ts';
import { type ReplyAnswer, runReply } from './reply.ts';

export interface HandlersThreadData {
  /** URL of the module whose default export is the wiring. */
  readonly wiring: string;
  readonly knobs: DeliveryKnobs;
  readonly log: LogOptions;
  readonly port: MessagePort;
  readonly heartbeat: SharedArrayBuffer;
  /** Otherwise it only runs `reply` functions. */
  readonly dispatches: boolean;
}

export type ToThread =
  | { readonly kind: 'stop'; readonly graceMs: number }
  | { readonly kind: 'reply'; readonly request: ReplyRequest };
export type FromThread =
  | { readonly kind: 'ready' | 'stopped' }
  | { readonly kind: 'lines'; readonly text: string }
  | { readonly kind: 'replied'; readonly id: number; readonly answer: ReplyAnswer }
  | { readonly kind: 'counts'; readonly counts: readonly (readonly [string, string, number])[] };

const HEARTBEAT_MS = 200;
const COUNTS_MS = 1_000;

const { wiring, knobs, log: logOptions, port, heartbeat, dispatches } = workerData as HandlersThreadData;
const supervisor = parentPort as MessagePort;
const lines = bundledOutput((text) => tell({ kind: 'lines', text }));
const threadLog = createLog(logOptions, lines);
const beats = new Int32Array(heartbeat);
setInterval(() => Atomics.add(beats, 0, 1), HEARTBEAT_MS);

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

const counts = new Map<string, [string, string, number]>();
const sources = ((await import(wiring)) as { default: SourceWiring[] }).default;
const dispatcher = new Dispatcher({
  handlers: handlersOf(sources, knobs),
  work: workThrough(port),
  knobs,
  log: threadLog,
  onSettled: (handler, outcome) => {
    const count = counts.get(`${handler} ${outcome}`) ?? [handler, outcome, 0];
    count[2]++;
    counts.set(`${handler} ${outcome}`, count);
  },
});
setInterval(reportCounts, COUNTS_MS);
const replies = new Map(sources.map((source) => [sourceNameOf(source), source.reply]));
supervisor.on('message', (message: ToThread) => {
  if (message.kind === 'stop') void stop(message.graceMs);
  else void answerReply(message.request);
});
if (dispatches) dispatcher.start();
tell({ kind: 'ready' });

async function stop(graceMs: number): Promise<void> {
  await dispatcher.stop(graceMs);
  reportCounts();
  lines.flush();
  tell({ kind: 'stopped' });
}

async function answerReply({ id, delivery, until, body }: ReplyRequest): Promise<void> {
  const event = eventOf({ ...delivery, body: Buffer.from(body) });
  const asked = replies.get(event.source) as Reply;
  tell({ kind: 'replied', id, answer: await runReply({ event, until }, asked, threadLog) });
}

function tell(message: FromThread): void {
  supervisor.postMessage(message);
}

function reportCounts(): void {
  if (counts.size === 0) return;
  tell({ kind: 'counts', counts: [...counts.values()] });
  counts.clear();
}
