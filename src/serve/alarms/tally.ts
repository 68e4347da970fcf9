/**
 * A tally of each source's requests. Each request is noted as it is answered, at the cost of a count; the rules of alarms look
 * at the tallies.
 */
import { REFUSALS, refusalOf } from '../../verify/refusals.ts';
import type { MeterListener } from '../meter.ts';

export const HOUR_MS = 3_600_000;
export const SIGNATURES_KEPT = 20;

/** Requests since the last look. */
export interface RequestCounts {
  taken: number;
  readonly refused: Map<string, number>;
}

export class Tally {
  /** Hours since 1970 in which something of it was taken. */
  readonly spokeIn = new Set<number>();
  lastTakenAt: number | undefined;
  /** The time of the first refusal since something was taken. */
  refusedSince: number | undefined;
  /** The signed texts of its last verified requests, and when each came. */
  readonly signatures: { readonly value: string; readonly at: number }[] = [];
  #counts: RequestCounts = { taken: 0, refused: new Map() };

  take(now: number): void {
    this.#counts.taken++;
    this.refusedSince = undefined;
    this.hear(now);
  }

  /** Notes that the source spoke then; it may have been before the service started. */
  hear(at: number): void {
    this.spokeIn.add(Math.floor(at / HOUR_MS));
    this.lastTakenAt = Math.max(this.lastTakenAt ?? 0, at);
  }

  refuse(code: string, now: number): void {
    this.#counts.refused.set(code, (this.#counts.refused.get(code) ?? 0) + 1);
    this.refusedSince ??= now;
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
}

const UNPROVEN = new Set(Object.keys(REFUSALS).filter((code) => [401, 403].includes(refusalOf(code).status)));

/** Hears of every request, and fills the tallies of the sources it knows. */
export function tallyListener(tallies: ReadonlyMap<string, Tally>): MeterListener {
  return {
    request(source, outcome, code) {
      if (outcome === 'refused') {
        if (UNPROVEN.has(code)) tallies.get(source)?.refuse(code, Date.now());
      } else if (outcome !== 'failed') tallies.get(source)?.take(Date.now());
    },
    proof(source, { signature }) {
      if (signature !== undefined) tallies.get(source)?.sign(signature, Date.now());
    },
  };
}
