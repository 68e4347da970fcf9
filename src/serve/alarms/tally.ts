/**
 * A tally of each source's requests and of each handler's attempts. Each is noted as it happens, at the cost of a count; the rules
 * of alarms look at the tallies.
 */
import { HOUR_MS, MINUTE_MS } from '../../base/times.ts';
import type { Spoken } from '../../inbox/past.ts';
import { refusalOf } from '../../verify/refusals.ts';
import { isTaken, type MeterListener, type SeenRequest } from '../meter.ts';
import { type FailuresByCode, forgetAddress, noteFailure } from './failures.ts';

export const SIGNATURES_KEPT = 20;
/** What is refused with one of these is not kept, and providers take it for our last word. */
const UNKEPT = [403, 404, 405, 413, 415];
/** The outcomes of a second are told together: of two that come so close nobody knows which was first. */
const TOGETHER_MS = 1_500;

/** Requests since the last look. */
export interface RequestCounts {
  taken: number;
  /** As unproven. */
  readonly refused: FailuresByCode;
}

/** The minutes of an hour in which a source spoke, as bits: of its first half hour and of its second. */
export type SpokenMinutes = Spoken['minutes'];

export class Tally {
  /** For each hour since 1970 in which something of it was taken, the minutes. */
  readonly spoke = new Map<number, SpokenMinutes>();
  lastTakenAt: number | undefined;
  /** When a secret of ours last proved something: a new request, or one that had been refused and was judged again. */
  lastProvenAt = Number.NEGATIVE_INFINITY;
  /** What was refused as unproven since something was taken. */
  readonly failing: FailuresByCode = new Map();
  /** What was refused for good, and is the provider's or looks like that. */
  readonly lost: FailuresByCode = new Map();
  /** What a check that is only observed would have refused, by scheme and address, since one from there passed it. */
  readonly observed = new Map<string, FailuresByCode>();
  /** The schemes that are only observed and have been passed. */
  readonly passed = new Set<string>();
  /** The signed texts of its last requests, and when each came. */
  readonly signatures: { readonly value: string; readonly at: number }[] = [];
  #counts: RequestCounts = { taken: 0, refused: new Map() };

  take(now: number): void {
    this.#counts.taken++;
    this.failing.clear();
    this.hear(now);
  }

  /** Notes that the source spoke then; it may have been before the service started. */
  hear(at: number, minutes: SpokenMinutes = minutesAt(at)): void {
    const hour = Math.floor(at / HOUR_MS);
    const [first, second] = this.spoke.get(hour) ?? [0, 0];
    this.spoke.set(hour, [first | minutes[0], second | minutes[1]]);
    this.lastTakenAt = Math.max(this.lastTakenAt ?? 0, at);
  }

  see(seen: SeenRequest, now: number): void {
    const { code, address, looks, signature, proofs = [] } = seen;
    if (code === '') {
      for (const proof of proofs) this.#observe(proof, seen, now);
      const outside = this.lost.get('ip_not_allowed');
      if (outside && !forgetAddress(outside, address)) this.lost.delete('ip_not_allowed');
      return;
    }
    const { status } = refusalOf(code);
    if (status === 401) {
      noteFailure(this.#counts.refused, code, seen, now);
      noteFailure(this.failing, code, seen, now);
    } else if (UNKEPT.includes(status) && looks !== 'strange') noteFailure(this.lost, code, seen, now);
    // One that comes again, as a replay does, says no more than before.
    const isNew = this.signatures.every(({ value }) => value !== signature);
    if (signature !== undefined && isNew) this.sign(signature, now);
  }

  /** A secret of ours has proved something: the source is not refused as a whole. */
  prove(now: number): void {
    this.failing.clear();
    this.lastProvenAt = now;
  }

  sign(value: string, at: number): void {
    this.signatures.push({ value, at });
    if (this.signatures.length > SIGNATURES_KEPT) this.signatures.shift();
  }

  /** Answers with what was counted since the last call. */
  takeCounts(): RequestCounts {
    const counts = this.#counts;
    this.#counts = { taken: 0, refused: new Map() };
    return counts;
  }

  #observe({ scheme, wouldRefuse }: ObservedProof, seen: SeenRequest, now: number): void {
    if (wouldRefuse === undefined) {
      this.passed.add(scheme);
      if (this.observed.size > 0) this.observed.delete(`${scheme} ${seen.address}`);
      return;
    }
    const key = `${scheme} ${seen.address}`;
    if (!this.observed.has(key) && this.observed.size >= OBSERVED_MAX) return;
    const byCode = this.observed.get(key) ?? new Map();
    this.observed.set(key, byCode);
    noteFailure(byCode, wouldRefuse, seen, now);
  }
}

type ObservedProof = NonNullable<SeenRequest['proofs']>[number];
/** Schemes and addresses that are told apart. */
const OBSERVED_MAX = 256;

/** How a handler's attempts went of late. */
export class AttemptTally {
  /** So many in a row, up to the last one. */
  failed = 0;
  /** The time of the first of them. */
  failedSince = 0;
  lastDoneAt = Number.NEGATIVE_INFINITY;

  note(outcome: string, count: number, now: number): void {
    if (outcome === 'done' || outcome === 'discarded') {
      this.failed = 0;
      this.lastDoneAt = now;
    } else if (outcome !== 'later' && now - this.lastDoneAt > TOGETHER_MS) {
      if (this.failed === 0) this.failedSince = now;
      this.failed += count;
    }
  }
}

function minutesAt(time: number): SpokenMinutes {
  const minute = Math.floor(time / MINUTE_MS) % 60;
  return minute < 30 ? [1 << minute, 0] : [0, 1 << (minute - 30)];
}

/** Hears of every request and attempt, and fills the tallies of the sources and handlers it knows. */
export function tallyListener(
  tallies: ReadonlyMap<string, Tally>,
  attempts: ReadonlyMap<string, AttemptTally>,
): MeterListener {
  return {
    request(source, outcome) {
      if (isTaken(outcome)) tallies.get(source)?.take(Date.now());
    },
    sender: (source, seen) => tallies.get(source)?.see(seen, Date.now()),
    proof(source, { signature, secret }) {
      const tally = tallies.get(source);
      if (secret !== undefined) tally?.prove(Date.now());
      if (signature !== undefined) tally?.sign(signature, Date.now());
    },
    attempt: (handler, outcome, count) => attempts.get(handler)?.note(outcome, count, Date.now()),
  };
}
