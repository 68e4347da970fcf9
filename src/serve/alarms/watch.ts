/**
 * The watch: looks every `lookMs` whether something is wrong, and has people told. Made by counting.ts, and started by receiver.ts.
 *
 * It hears of requests and attempts through the meter, and asks the inbox and the disk at each look; a rule that gets no answer
 * leaves its alarms as they are. The watch never throws, and keeps nothing from stopping.
 */
import type { Log } from '../../base/log/log.ts';
import { MINUTE_MS } from '../../base/times.ts';
import type { Alarm } from '../../inbox/kept-alarms.ts';
import type { AlarmKnobs } from '../config/knobs.ts';
import type { MeterListener } from '../meter.ts';
import type { Look, WatchedSource } from './alarm.ts';
import { AlarmBook } from './book.ts';
import { AlarmKeeping } from './keeping.ts';
import { lookAt, type Watched } from './look.ts';
import { knowsOf, openSubjects, type RunningRule, runningRules, unjudgedOf } from './running-rules.ts';
import { PAST_MS } from './silence.ts';
import { AttemptTally, Tally, tallyListener } from './tally.ts';
import { Teller } from './tell.ts';

const CLOCK_JUMP_MS = 10_000;
/** Replicas commit beside each other: an event may come to light so long after a later one. */
const CATCH_UP_MS = MINUTE_MS;

export class AlarmWatch {
  readonly listener: MeterListener;
  readonly #knobs: AlarmKnobs;
  readonly #log: Log;
  readonly #book: AlarmBook;
  readonly #tallies: ReadonlyMap<string, Tally>;
  readonly #attempts: ReadonlyMap<string, AttemptTally>;
  readonly #rules = runningRules();
  readonly #stop = new AbortController();
  #teller: Teller | undefined;
  #keeping: AlarmKeeping | undefined;
  #listeningSince = Date.now();
  /** How far the clock is ahead of what the inbox believes. */
  #doubtMs = 0;
  /** What other replicas have heard until then is known. */
  #caughtUpTo = 0;
  #clockOffset = Date.now() - performance.now();

  constructor(
    knobs: AlarmKnobs,
    sources: readonly Pick<WatchedSource, 'name'>[],
    handlers: readonly string[],
    log: Log,
  ) {
    this.#knobs = knobs;
    this.#log = log;
    this.#book = new AlarmBook(knobs);
    this.#tallies = new Map(sources.map(({ name }) => [name, new Tally()]));
    this.#attempts = new Map(handlers.map((handler) => [handler, new AttemptTally()]));
    this.listener = tallyListener(this.#tallies, this.#attempts);
  }

  /** What is raised at present, here or at another replica. */
  raised(): Alarm[] {
    return this.#book.raised();
  }

  start(watched: Watched): void {
    const { signal } = this.#stop;
    const { inbox, settings } = watched;
    this.#keeping = new AlarmKeeping(inbox, this.#knobs);
    this.#teller = new Teller({
      settings,
      log: this.#log,
      signal,
      believedNow: () => Date.now() - this.#doubtMs,
      note: (delivery) => void inbox.noteAlarmDelivery(delivery).catch(() => {}),
    });
    // What was raised before the start is known before the first look could miss it.
    void this.#adopt().then(() => this.#look(watched));
    const timer = setInterval(() => {
      void this.#adopt();
      this.#look(watched);
    }, this.#knobs.lookMs).unref();
    // The first moments of a service belong to its senders.
    const learning = setTimeout(() => watched.receives && this.#learn(watched), this.#knobs.lookMs).unref();
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      clearTimeout(learning);
    });
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Takes in what others have raised, or this service before its restart, and tells what nobody has heard. */
  async #adopt(): Promise<void> {
    const kept = await this.#keeping?.open(Date.now());
    if (!kept || this.#stop.signal.aborted) return;
    const isOurs = ({ kind }: Alarm) => this.#rules.some(({ rule }) => rule.kind === kind);
    this.#book.adopt(kept.raised.filter(isOurs), Date.now());
    for (const news of kept.unheard) this.#teller?.tellReceiver(news);
  }

  /** Asks every rule by itself: a rule that waits for an answer holds up no other, and is not asked again meanwhile. */
  #look(watched: Watched): void {
    if (this.#stop.signal.aborted) return;
    this.#followClock(watched);
    const look = this.#lookAt(watched);
    for (const one of this.#rules) {
      if (one.busySince !== undefined || !knowsOf(one.rule, watched)) continue;
      one.busySince = performance.now();
      this.#judge(one, look)
        .then(() => {
          one.failure = '';
        })
        .catch(({ message }: Error) => {
          one.failure = message;
          this.#log.debug({ alarm: one.rule.kind, reason: message }, 'the watch could not look');
        })
        .finally(() => {
          one.busySince = undefined;
        });
    }
  }

  #lookAt(watched: Watched): Look {
    return lookAt(watched, {
      knobs: this.#knobs,
      tallies: this.#tallies,
      attempts: this.#attempts,
      listeningSince: this.#listeningSince,
      unheard: this.#teller?.unheard,
      unjudged: unjudgedOf(this.#rules, performance.now(), this.#knobs.lookMs),
      catchUp: (since) => this.#catchUp(watched, since),
      hearDoubt: (doubtMs) => {
        this.#doubtMs = doubtMs;
      },
    });
  }

  async #judge({ rule, memory }: RunningRule, look: Look): Promise<void> {
    const findings = await rule.find(look, memory);
    const open = await openSubjects({ rule, memory }, this.#book.raised(), findings, look);
    if (this.#stop.signal.aborted) return;
    const news = this.#book.note(rule.kind, findings, Date.now(), open);
    const found = this.#book
      .raised()
      .filter(({ kind, subject }) => kind === rule.kind && findings.some((one) => one.subject === subject));
    const told = rule.isAboutInbox ? news : await this.#keeping?.keep(news, found, Date.now());
    for (const one of told ?? news) this.#teller?.tell(one);
  }

  async #catchUp({ isShared, readPast }: Watched, since: number): Promise<void> {
    if (!isShared) return;
    const now = Date.now();
    const from = Math.max(since, this.#caughtUpTo);
    for (const { source, at, minutes } of await readPast(from, now, this.#stop.signal))
      this.#tallies.get(source)?.hear(at, minutes);
    this.#caughtUpTo = now - CATCH_UP_MS;
  }

  async #learn({ readPast, inbox }: Watched): Promise<void> {
    const until = this.#listeningSince;
    const { signal } = this.#stop;
    try {
      const past = await readPast(until - PAST_MS, until, signal);
      for (const { source, at, minutes } of past) this.#tallies.get(source)?.hear(at, minutes);
    } catch (error) {
      if (signal.aborted) return;
      const reason = (error as Error).message;
      inbox.doubt(reason).catch(() => {});
      this.#log.warn(
        { reason },
        'the past of the sources cannot be read: silence is judged by what comes from now on',
      );
    }
  }

  /** The clock was set, or the machine slept: times from before do not compare with those from now on. */
  #followClock({ onClockSet }: Watched): void {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.#clockOffset) < CLOCK_JUMP_MS) return;
    this.#book.shift(offset - this.#clockOffset);
    this.#clockOffset = offset;
    this.#listeningSince = Date.now();
    onClockSet();
    for (const tally of this.#tallies.values()) tally.signatures.length = 0;
  }
}
