/**
 * The watch: looks every `lookMs` whether something is wrong, and has people told. Made and started by receiver.ts.
 *
 * It hears of requests through the meter, at the cost of a count for each, and asks the inbox and the disk at each look;
 * what does not answer leaves its alarms as they are. It never throws, and keeps nothing from stopping.
 */
import { statfs } from 'node:fs/promises';
import type { Log } from '../../base/log/log.ts';
import type { Inbox } from '../../inbox/contract.ts';
import { REFUSALS } from '../../verify/refusals.ts';
import type { AlarmKnobs } from '../config/knobs.ts';
import type { Meter } from '../meter.ts';
import type { Alarm, AlarmKind, Finding, WatchedSource } from './alarm.ts';
import { backlogFindings } from './backlog.ts';
import { AlarmBook } from './book.ts';
import { clockFindings } from './clock.ts';
import { DeadEvents } from './dead.ts';
import { Refusals } from './refusals.ts';
import { PAST_MS, silences } from './silence.ts';
import { diskFindings, InboxWrites, Unkept } from './storage.ts';
import { Tally } from './tally.ts';
import { Teller, type TellerOptions } from './tell.ts';

const MB = 1_048_576;
const CLOCK_JUMP_MS = 10_000;
const UNPROVEN = new Set(
  Object.entries(REFUSALS)
    .filter(([, { status }]) => status === 401 || status === 403)
    .map(([code]) => code),
);

export interface Watched extends Pick<TellerOptions, 'settings' | 'deliverAlarm'> {
  readonly inbox: Pick<Inbox, 'status' | 'takesWrites'>;
  /** Whether requests come to this process: otherwise their silence says nothing. */
  readonly receives: boolean;
  /** The disk of an inbox that is a file. */
  readonly inboxFolder?: string;
  /** Of the refused requests: how many could not be kept since the service started. */
  readonly refused: { dropped(): number };
  /** When each source spoke in those times, about once an hour; milliseconds since 1970. */
  readonly readPast: (
    from: number,
    until: number,
    signal: AbortSignal,
  ) => Promise<readonly { readonly source: string; readonly at: number }[]>;
}

export class AlarmWatch {
  readonly #knobs: AlarmKnobs;
  readonly #log: Log;
  readonly #book: AlarmBook;
  readonly #refusals: Refusals;
  readonly #unkept: Unkept;
  readonly #writes = new InboxWrites();
  readonly #dead = new DeadEvents();
  readonly #tallies: ReadonlyMap<string, Tally>;
  readonly #stop = new AbortController();
  #teller: Teller | undefined;
  #listeningSince = Date.now();
  #clockOffset = Date.now() - performance.now();

  constructor(knobs: AlarmKnobs, sources: readonly WatchedSource[], log: Log) {
    this.#knobs = knobs;
    this.#log = log;
    this.#book = new AlarmBook(knobs);
    this.#refusals = new Refusals(knobs);
    this.#unkept = new Unkept(knobs.windowMs);
    this.#tallies = new Map(sources.map(({ name }) => [name, new Tally()]));
  }

  raised(): Alarm[] {
    return this.#book.raised();
  }

  /** A meter that lets the watch hear what the other one is told. */
  overhear(meter: Meter): Meter {
    const tallies = this.#tallies;
    return {
      ...meter,
      request(source, outcome, code, ms) {
        meter.request(source, outcome, code, ms);
        if (outcome === 'refused') {
          if (UNPROVEN.has(code)) tallies.get(source)?.refuse(code, Date.now());
        } else if (outcome !== 'failed') tallies.get(source)?.take(Date.now());
      },
      proof(source, proof) {
        meter.proof(source, proof);
        if (proof.signature !== undefined) tallies.get(source)?.sign(proof.signature, Date.now());
      },
    };
  }

  start(watched: Watched): void {
    const { signal } = this.#stop;
    this.#teller = new Teller({ ...watched, log: this.#log, signal });
    const asks = this.#asksOf(watched);
    const look = () => {
      for (const ask of asks) ask();
    };
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

  #note(kind: AlarmKind, findings: readonly Finding[]): void {
    if (this.#stop.signal.aborted) return;
    const now = Date.now();
    for (const told of this.#book.note(kind, findings, now)) this.#teller?.tell(told, now);
  }

  /** What is looked at, and what must be waited for: the answer counts when it comes. */
  #asksOf({ inbox, inboxFolder, refused, receives, settings }: Watched): (() => void)[] {
    const { backlogAgeMs, diskFreeMb } = this.#knobs;
    return [
      this.#oneAtATime(async () => {
        this.#followClock();
        if (receives) this.#lookAtRequests(settings().sources);
        this.#note('inbox', this.#writes.findings(inbox.takesWrites(), Date.now()));
        this.#note('unkept', this.#unkept.findings(refused.dropped(), Date.now()));
      }),
      this.#oneAtATime(async () => {
        const status = await inbox.status();
        this.#note('dead', this.#dead.findings(status));
        this.#note('backlog', backlogFindings(status, backlogAgeMs, Date.now()));
      }),
      this.#oneAtATime(async () => {
        if (inboxFolder === undefined) return;
        const { bavail, bsize } = await statfs(inboxFolder);
        this.#note('disk', diskFindings(Math.floor((bavail * bsize) / MB), diskFreeMb));
      }),
    ];
  }

  #lookAtRequests(sources: readonly WatchedSource[]): void {
    const now = Date.now();
    const on = sources.filter(({ schemes }) => schemes.length > 0);
    const tallyOf = (source: string) => this.#tallies.get(source) as Tally;
    const { silenceFactor, clockSkewMs } = this.#knobs;
    this.#note('refusals', this.#refusals.findings(on, tallyOf, now));
    this.#note('silence', silences(on, tallyOf, this.#listeningSince, silenceFactor, now));
    this.#note('clock', clockFindings(on, tallyOf, clockSkewMs));
  }

  /** Not again while it has not ended. What fails leaves its alarms as they are. */
  #oneAtATime(ask: () => Promise<void>): () => void {
    let asking = false;
    return () => {
      if (asking) return;
      asking = true;
      ask()
        .catch((error: Error) => this.#log.debug({ reason: error.message }, 'the watch could not look'))
        .finally(() => {
          asking = false;
        });
    };
  }

  async #learn({ readPast }: Watched): Promise<void> {
    const until = this.#listeningSince;
    const { signal } = this.#stop;
    try {
      const past = await readPast(until - PAST_MS, until, signal);
      for (const { source, at } of past) this.#tallies.get(source)?.hear(at);
    } catch (error) {
      if (signal.aborted) return;
      const reason = (error as Error).message;
      this.#log.warn(
        { reason },
        'the past of the sources cannot be read: silence is judged by what comes from now on',
      );
    }
  }

  /** The clock was set, or the machine slept: times from before do not compare with those from now on. */
  #followClock(): void {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.#clockOffset) < CLOCK_JUMP_MS) return;
    this.#clockOffset = offset;
    this.#listeningSince = Date.now();
    for (const tally of this.#tallies.values()) tally.forgetSignatures();
  }
}
