/**
 * Keeps the handlers' threads running. Lives beside the edge and does nothing per event.
 *
 *   the common thread     all handlers, as long as nothing happens
 *   a thread apart        one handler that brought the common thread down, or kept it busy for seconds (apart.ts)
 *   a thread of replies   the `reply` function of one source, which nothing else may keep waiting
 *
 * A thread that ends, or whose heartbeat stops for longer than what runs in it may take, is replaced. What becomes of the attempts
 * that ran in it, the inbox decides (inbox/retry.ts): it only hears what has ended, why, and whose attempt it was. The first
 * time that may cut off others' attempts, which are not counted. From then on the handler has a thread of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from '../../inbox/contract.ts';
import { numberOf } from '../../inbox/event-id.ts';
import { PROCESS_ENDED } from '../../inbox/retry.ts';
import type { QuarantinedHandler } from './apart.ts';
import type { HandlersThread } from './handlers-thread.ts';
import type { ReplyResult } from './reply.ts';
import { type SupervisorOptions, Threads } from './threads.ts';

const LOOK_MS = 500;
const RESTART_MS = 1_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #threads: Threads;
  /** Another number each time all threads are replaced: what was being done about those before is void. */
  #era = 0;
  #looking: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#threads = new Threads(options, {
      onStill: (thread) => void this.#leaveStill(thread),
      onEnd: (thread, cause) => void this.#replace(thread, cause),
    });
  }

  /** Has what the last process was handling settled, and starts the threads. Resolves when they run. */
  async start(): Promise<void> {
    const { dispatches, inbox } = this.#options;
    if (dispatches) await inbox.recover(PROCESS_ENDED);
    await this.#threads.startAll();
    this.#looking = setInterval(() => this.#takeBack(), LOOK_MS).unref();
  }

  /** Hands nothing out any more, waits for what is running at most `graceMs`. Every settlement is with the inbox then. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#looking);
    if (this.#threads.living.length === 0) return;
    await this.#options.inbox.pause().catch(() => {});
    await Promise.all(this.#threads.living.map((thread) => thread.finish(graceMs)));
  }

  /** Has the source's `reply` function answer for an event that is on disk; its `handler` is `<source>/reply`. Never rejects. */
  async ask(delivery: Delivery, withinMs: number): Promise<ReplyResult> {
    return await this.#threads.ask(delivery, withinMs);
  }

  /** The handlers that have a thread of their own, because they brought one down that they shared or kept it busy. */
  quarantined(): QuarantinedHandler[] {
    return this.#threads.apart.list();
  }

  /** The inbox thread is a new one: so must be those of the handlers, which held ports to the old one. */
  async renew(): Promise<void> {
    const { dispatches, inbox, log } = this.#options;
    const era = ++this.#era;
    await Promise.all(this.#threads.living.map((thread) => thread.dismiss()));
    this.#threads.forgetAll();
    const reason = 'its thread ended';
    log.error({ reason }, 'the handlers’ thread has ended; a new one is started');
    await this.#insist(era, async () => {
      await sleep(RESTART_MS);
      if (dispatches && this.#isNow(era)) await inbox.recover({ ended: 'inbox', reason });
      if (this.#isNow(era)) await this.#threads.startAll();
    });
  }

  /** The environment may have changed: what runs ends in peace, and what comes meets the new one. */
  async refresh(): Promise<void> {
    if (this.#stopping || !this.#threads.isEnvironmentOld()) return;
    const old = this.#threads.living;
    await this.#threads.startAll();
    this.#options.log.info({}, 'handlers run with the changed environment');
    for (const thread of old) void this.#retire(thread);
  }

  #isNow(era: number): boolean {
    return era === this.#era && !this.#stopping;
  }

  /** Others need not wait until a handler has used up its time: they go on in a new thread, and it in one of its own. */
  async #leaveStill(thread: HandlersThread): Promise<void> {
    if (!this.#threads.isCommon(thread)) return;
    const era = this.#era;
    await this.#insist(era, async () => {
      const { suspects } = await this.#suspectsIn(thread, false);
      if (thread !== this.#threads.common || !this.#isNow(era)) return;
      this.#threads.setApart(suspects, 'it has kept the thread busy that it shares with others');
      this.#threads.startCommon();
      void this.#retire(thread);
      const behind = {
        thread: thread.id,
        begun: thread.halt(),
        reason: 'it waited for a thread that stood still',
      };
      await this.#options.inbox.recover({ ended: 'inbox', ...behind });
    });
  }

  /** Of a thread that has ended, or stands still: who did it, or all who may have done it. */
  async #suspectsIn(thread: HandlersThread, hasEnded: boolean) {
    const out = await this.#options.inbox.attemptsOut(thread.id, hasEnded);
    // What was sent to one that never began was not run by it.
    if (!thread.hasBegun) return { guilty: undefined, suspects: [] };
    const guilty = thread.running ?? (out.length === 1 ? out[0] : undefined);
    return { guilty, suspects: guilty ? [guilty] : out };
  }

  /** A thread has ended by itself, or was ended because it stood still. */
  async #replace(thread: HandlersThread, cause: string): Promise<void> {
    this.#threads.forget(thread);
    const era = this.#era;
    if (!this.#isNow(era)) return;
    this.#options.log.error({ reason: cause }, `${thread.title} has ended; a new one is started`);
    const replying = this.#threads.sourceOfReplies(thread);
    if (replying) {
      await sleep(RESTART_MS);
      if (this.#isNow(era)) this.#threads.startReplies(replying);
    } else if (this.#options.dispatches) {
      await this.#insist(era, () => this.#recover(thread, cause, era));
    }
  }

  async #recover(thread: HandlersThread, cause: string, era: number): Promise<void> {
    const { inbox } = this.#options;
    const { guilty, suspects } = await this.#suspectsIn(thread, true);
    if (!this.#isNow(era)) return;
    const own = this.#threads.apart.handlerOf(thread);
    this.#threads.setApart(suspects, cause);
    this.#threads.apart.suspect(suspects);
    // Its handlers go on at once, unless it may end for reasons of its own again and again.
    if (own !== undefined) await sleep(this.#threads.apart.strikeDelayMs(own));
    else if (suspects.length === 0) await sleep(RESTART_MS);
    if (!this.#isNow(era)) return;
    // Where its events go must be known before they are due again, and beside whom nothing may run.
    if (this.#threads.isCommon(thread)) this.#threads.startCommon();
    if (own !== undefined) this.#threads.startApart(own);
    await this.#threads.tellSuspects(suspects.map(({ handler }) => handler));
    const ending = { ended: 'handlers', reason: cause, thread: thread.id } as const;
    for (const { handler, id, outcome } of await inbox.recover({ ...ending, ...(guilty && { guilty }) }))
      if (outcome === 'dead') this.#threads.apart.clear(handler, numberOf(id) as number);
  }

  /** It gets nothing more, and may finish what it has. */
  async #retire(thread: HandlersThread): Promise<void> {
    if (!(await thread.finish(this.#threads.longestMs)) || this.#stopping) return;
    this.#threads.forget(thread);
    const ending = { ended: 'inbox', reason: 'its thread was replaced', thread: thread.id } as const;
    await this.#options.inbox.recover(ending).catch(() => {});
  }

  /** Handlers that have been well for long enough go back to the others. */
  #takeBack(): void {
    const { inbox, log } = this.#options;
    const era = this.#era;
    const { common } = this.#threads;
    if (!common?.hasBegun) return;
    for (const handler of this.#threads.apart.recovered()) {
      const thread = this.#threads.apart.threadOf(handler) as HandlersThread;
      this.#threads.apart.remove(handler);
      void this.#insist(era, async () => {
        await inbox.assignHandlers({ thread: common.id, handlers: [handler] });
        log.info({ handler }, 'the handler has been well: it shares a thread with the others again');
        void this.#retire(thread);
      });
    }
  }

  /** The inbox may not answer for a moment. */
  async #insist(era: number, work: () => Promise<void>): Promise<void> {
    for (let isDone = false; !isDone && this.#isNow(era); ) {
      try {
        await work();
        isDone = true;
      } catch (error) {
        const reason = (error as Error).message;
        this.#options.log.error({ reason }, 'a handlers’ thread cannot be started yet');
        await sleep(RESTART_MS);
      }
    }
  }
}
