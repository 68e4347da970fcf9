/**
 * The watch: looks every `lookMs` whether something is wrong, and has people told. Made and started by receiver.ts.
 *
 * It hears of requests through the meter, and asks the inbox and the disk at each look; a rule that gets no answer leaves its
 * alarms as they are. The watch never throws, and keeps nothing from stopping.
 */
import { statfs } from 'node:fs/promises';
import type { Log } from '../../base/log/log.ts';
import type { Supervisor } from '../../deliver/dispatch/supervisor.ts';
import type { Inbox, InboxStatus } from '../../inbox/contract.ts';
import type { Driver } from '../../inbox/driver.ts';
import type { Losses } from '../../inbox/refused/losses.ts';
import type { AlarmKnobs } from '../config/knobs.ts';
import type { MeterListener } from '../meter.ts';
import {
  type Alarm,
  AlarmBook,
  type AlarmFinding,
  type AlarmRule,
  type Look,
  type WatchedSource,
} from './alarm.ts';
import { clockAlarm } from './clock.ts';
import { apartAlarm } from './handlers.ts';
import { backlogAlarm, deadAlarm, diskAlarm, inboxAlarm, lookAlarm, unkeptAlarm } from './inbox.ts';
import { PAST_MS, refusalsAlarm, silenceAlarm } from './sources.ts';
import { Tally, tallyListener } from './tally.ts';
import { type TellerOptions, teller } from './tell.ts';

/** Every kind of alarm there is, one row each. docs/operating.md has the same rows for people, which a test compares. */
export const ALARM_RULES: readonly AlarmRule[] = [
  refusalsAlarm,
  silenceAlarm,
  clockAlarm,
  inboxAlarm,
  unkeptAlarm,
  apartAlarm,
  deadAlarm,
  backlogAlarm,
  diskAlarm,
  lookAlarm,
];

const MB = 1_048_576;
const CLOCK_JUMP_MS = 10_000;

export interface Watched extends Pick<TellerOptions, 'settings'> {
  readonly inbox: Pick<Inbox, 'status' | 'takesWrites' | 'trouble' | 'doubt' | 'believeClock'>;
  /** False if no requests come to this process: then silence says nothing. */
  readonly receives: boolean;
  readonly inboxFolder?: string;
  readonly refused: { losses(): readonly Losses[] };
  readonly supervisor: Pick<Supervisor, 'quarantined'>;
  readonly readPast: Driver['readPast'];
  /** Hears that the clock was set. */
  readonly onClockSet: () => void;
}

export class AlarmWatch {
  readonly listener: MeterListener;
  readonly #knobs: AlarmKnobs;
  readonly #log: Log;
  readonly #book: AlarmBook;
  readonly #tallies: ReadonlyMap<string, Tally>;
  readonly #rules = ALARM_RULES.map((rule) => ({
    rule,
    memory: rule.memory?.() ?? {},
    isBusy: false,
    /** Why its last look told nothing; empty if it did. */
    failure: '',
  }));
  readonly #stop = new AbortController();
  #tell: ReturnType<typeof teller> | undefined;
  #listeningSince = Date.now();
  /** How far the clock is ahead of what the inbox believes. */
  #doubtMs = 0;
  #clockOffset = Date.now() - performance.now();

  constructor(knobs: AlarmKnobs, sources: readonly WatchedSource[], log: Log) {
    this.#knobs = knobs;
    this.#log = log;
    this.#book = new AlarmBook(knobs);
    this.#tallies = new Map(sources.map(({ name }) => [name, new Tally()]));
    this.listener = tallyListener(this.#tallies);
  }

  raised(): Alarm[] {
    return this.#book.raised();
  }

  start(watched: Watched): void {
    const { signal } = this.#stop;
    const believedNow = () => Date.now() - this.#doubtMs;
    this.#tell = teller({ settings: watched.settings, log: this.#log, signal, believedNow });
    const look = () => this.#look(watched);
    look();
    const timer = setInterval(look, this.#knobs.lookMs).unref();
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

  /** Asks every rule by itself: a rule that waits for an answer holds up no other, and is not asked again meanwhile. */
  #look(watched: Watched): void {
    this.#followClock(watched);
    const look = this.#lookAt(watched);
    for (const one of this.#rules.filter(({ isBusy }) => !isBusy)) {
      one.isBusy = true;
      Promise.resolve()
        .then(() => one.rule.find(look, one.memory))
        .then((findings) => {
          one.failure = '';
          this.#note(one.rule.kind, findings);
        })
        .catch(({ message }: Error) => {
          one.failure = message;
          this.#log.debug({ alarm: one.rule.kind, reason: message }, 'the watch could not look');
        })
        .finally(() => {
          one.isBusy = false;
        });
    }
  }

  #lookAt({ inbox, inboxFolder, refused, supervisor, receives, settings }: Watched): Look {
    let status: Promise<InboxStatus> | undefined;
    return {
      now: Date.now(),
      knobs: this.#knobs,
      sources: receives ? settings().sources.filter(({ schemes }) => schemes.length > 0) : [],
      tallyOf: (source) => this.#tallies.get(source) as Tally,
      listeningSince: this.#listeningSince,
      takesWrites: inbox.takesWrites(),
      trouble: inbox.trouble(),
      refusalsLost: refused.losses(),
      apart: supervisor.quarantined(),
      unjudged: this.#rules
        .filter(({ failure }) => failure !== '')
        .map(({ rule, failure }) => ({ kind: rule.kind, reason: failure })),
      status: () => {
        status ??= inbox.status().then((told) => {
          this.#doubtMs = told.clockDoubtMs ?? 0;
          return told;
        });
        return status;
      },
      believeClock: () => void inbox.believeClock().catch(() => {}),
      async diskFreeMb() {
        if (inboxFolder === undefined) return undefined;
        const { bavail, bsize } = await statfs(inboxFolder);
        return Math.floor((bavail * bsize) / MB);
      },
    };
  }

  #note(kind: string, findings: readonly AlarmFinding[]): void {
    if (this.#stop.signal.aborted) return;
    for (const news of this.#book.note(kind, findings, Date.now())) this.#tell?.(news);
  }

  async #learn({ readPast, inbox }: Watched): Promise<void> {
    const until = this.#listeningSince;
    const { signal } = this.#stop;
    try {
      const past = await readPast(until - PAST_MS, until, signal);
      for (const { source, at } of past) this.#tallies.get(source)?.hear(at);
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
