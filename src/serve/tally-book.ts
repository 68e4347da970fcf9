/**
 * Counts requests and attempts for the tallies (inbox/tallies.ts), and tells the inbox of them, and of the uses of secrets, every few
 * seconds, outside of what receives events. Hears through the meter. What has not been told when the process is killed is
 * forgotten: a few seconds of counts, never an event. While the inbox takes nothing, what is to be told waits here, bounded.
 */
import { MINUTE_MS } from '../base/times.ts';
import type { Backlog, Inbox } from '../inbox/contract.ts';
import {
  type MinuteTally,
  mergeTallies,
  minuteOf,
  noTimes,
  placeOf,
  sumOfTimes,
  type TallySubject,
} from '../inbox/tallies.ts';
import type { DuplicateCounts } from './duplicate-counts.ts';
import type { MeterListener, SecretUses } from './meter.ts';

const TELL_MS = 5_000;
/** How often it is looked at what waits. */
const BACKLOG_MS = MINUTE_MS;
/** So many are told at a time: the inbox thread has other things to do. */
const TOLD_MOST = 500;
/** If more than this wait, they are told by the hour rather than by the minute. */
const WAITING_MOST = 5_000;
const HOUR_MINUTES = 60;

interface OpenTally extends TallySubject {
  count: number;
  times: number[];
}

export class TallyBook {
  /** The minute that is being counted; those before it wait to be told. */
  #minute = 0;
  readonly #counting = new Map<string, OpenTally>();
  #waiting: MinuteTally[] = [];
  /** Why the inbox does not have what was counted, if the last try to tell it has failed. */
  failure: string | undefined;

  readonly listener: MeterListener = {
    request: (source, outcome, code, ms) => {
      if (outcome === 'handshake') return;
      const tally = this.#tallyOf('request', source, code || outcome);
      tally.count++;
      const place = placeOf(ms);
      if (place !== undefined) tally.times[place] = (tally.times[place] ?? 0) + 1;
    },
    attempt: (handler, outcome, count, times) => {
      const tally = this.#tallyOf('attempt', handler, outcome);
      tally.count += count;
      tally.times = sumOfTimes(tally.times, times);
    },
  };

  /** One look at what waits. */
  noteBacklog(backlog: readonly Backlog[]): void {
    this.#tallyOf('backlog', '', 'looks').count++;
    for (const { handler, state, count } of backlog) {
      if (state === 'pending') this.#tallyOf('backlog', handler, state).count += count;
    }
  }

  /** What is to be told next; nothing is left once the list is empty. */
  take(): MinuteTally[] {
    this.#endMinute();
    return this.#waiting.splice(0, TOLD_MOST);
  }

  /** It could not be told. */
  giveBack(tallies: readonly MinuteTally[]): void {
    const waiting = mergeTallies([...tallies, ...this.#waiting]);
    this.#waiting =
      waiting.length <= WAITING_MOST
        ? waiting
        : mergeTallies(
            waiting.map((tally) => ({ ...tally, minute: tally.minute - (tally.minute % HOUR_MINUTES) })),
          );
  }

  #tallyOf(kind: TallySubject['kind'], subject: string, outcome: string): OpenTally {
    const minute = minuteOf(Date.now());
    if (minute !== this.#minute) {
      this.#endMinute();
      this.#minute = minute;
    }
    const key = `${kind} ${subject} ${outcome}`;
    let tally = this.#counting.get(key);
    if (!tally) {
      tally = { kind, subject, outcome, count: 0, times: noTimes() };
      this.#counting.set(key, tally);
    }
    return tally;
  }

  #endMinute(): void {
    for (const tally of this.#counting.values()) this.#waiting.push({ ...tally, minute: this.#minute });
    this.#counting.clear();
  }
}

interface ToldCounts {
  readonly uses: SecretUses;
  readonly tallies: TallyBook;
  readonly duplicates: DuplicateCounts;
}

/** Answers with a function that stops it, once the inbox knows all. */
export function startTelling(
  inbox: Pick<Inbox, 'noteCounts' | 'status'>,
  { uses, tallies, duplicates }: ToldCounts,
): () => Promise<void> {
  let telling: Promise<void> = Promise.resolve();
  let isTelling = false;

  async function tellAll(): Promise<void> {
    for (;;) {
      const counts = { uses: uses.take(), tallies: tallies.take(), duplicates: duplicates.take() };
      if (Object.values(counts).every(({ length }) => length === 0)) return;
      try {
        await inbox.noteCounts(counts);
        tallies.failure = undefined;
      } catch (error) {
        tallies.failure = (error as Error).message;
        uses.giveBack(counts.uses);
        tallies.giveBack(counts.tallies);
        duplicates.giveBack(counts.duplicates);
        return;
      }
    }
  }

  function tell(): Promise<void> {
    // An inbox that does not answer is not asked again meanwhile.
    if (isTelling) return telling;
    isTelling = true;
    telling = tellAll().finally(() => {
      isTelling = false;
    });
    return telling;
  }

  // What waits is counted by the inbox, and in a large one that takes a while.
  const look = () =>
    inbox.status().then(
      ({ backlog }) => tallies.noteBacklog(backlog),
      () => {},
    );
  const timers = [setInterval(tell, TELL_MS).unref(), setInterval(look, BACKLOG_MS).unref()];
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await telling;
    await tell();
  };
}
