/** What a source's requests came to: noted by each request as it is answered, looked at by the kinds of alarm. */

export const HOUR_MS = 3_600_000;
export const SIGNATURES_KEPT = 20;

/** Requests since the last look. */
export interface Counts {
  taken: number;
  /** By the code of the refusal. */
  readonly refused: Map<string, number>;
}

export interface SignatureSeen {
  readonly value: string;
  readonly at: number;
}

export class Tally {
  /** Hours since 1970 in which something of it was taken. */
  readonly spokeIn = new Set<number>();
  lastTakenAt: number | undefined;
  /** Of the first refusal since something was taken. */
  refusedSince: number | undefined;
  #counts: Counts = { taken: 0, refused: new Map() };
  #signatures: SignatureSeen[] = [];

  take(now: number): void {
    this.#counts.taken++;
    this.refusedSince = undefined;
    this.hear(now);
  }

  /** It spoke then; noted for what was taken before the service started, too. */
  hear(at: number): void {
    this.spokeIn.add(Math.floor(at / HOUR_MS));
    this.lastTakenAt = Math.max(this.lastTakenAt ?? 0, at);
  }

  refuse(code: string, now: number): void {
    this.#counts.refused.set(code, (this.#counts.refused.get(code) ?? 0) + 1);
    this.refusedSince ??= now;
  }

  sign(value: string, at: number): void {
    this.#signatures.push({ value, at });
    if (this.#signatures.length > SIGNATURES_KEPT) this.#signatures.shift();
  }

  signatures(): readonly SignatureSeen[] {
    return this.#signatures;
  }

  forgetSignatures(): void {
    this.#signatures = [];
  }

  /** What was counted since the last time. */
  takeCounts(): Counts {
    const counts = this.#counts;
    this.#counts = { taken: 0, refused: new Map() };
    return counts;
  }
}
