/** Counts requests that failed alike: how many, since when, from where. The noun of the tallies (tally.ts) and of the rules about sources. */
import type { SeenRequest } from '../meter.ts';

/** So many addresses are told apart; the others count together. */
const ADDRESSES_MAX = 64;
const NAMED_MAX = 3;
const OTHERS = '';

export interface CodeFailures {
  count: number;
  /** So many came from where genuine ones have come from before. */
  known: number;
  /** So many were proven to be the provider's. */
  proven: number;
  /** Milliseconds since 1970. */
  firstAt: number;
  lastAt: number;
  readonly addresses: Map<string, number>;
}

/** By the code they were refused with. */
export type FailuresByCode = Map<string, CodeFailures>;

function noFailures(now: number): CodeFailures {
  return { count: 0, known: 0, proven: 0, firstAt: now, lastAt: now, addresses: new Map() };
}

export function noteFailure(byCode: FailuresByCode, code: string, seen: SeenRequest, now: number): void {
  const failures = byCode.get(code) ?? noFailures(now);
  byCode.set(code, failures);
  failures.count++;
  if (seen.isKnown) failures.known++;
  if (seen.looks === 'proven') failures.proven++;
  failures.lastAt = now;
  countAddress(failures.addresses, seen.address, 1);
}

export function addFailures(into: FailuresByCode, from: FailuresByCode): void {
  for (const [code, { count, known, proven, firstAt, lastAt, addresses }] of from) {
    const sum = into.get(code) ?? noFailures(firstAt);
    into.set(code, sum);
    sum.count += count;
    sum.known += known;
    sum.proven += proven;
    sum.lastAt = Math.max(sum.lastAt, lastAt);
    for (const [address, times] of addresses) countAddress(sum.addresses, address, times);
  }
}

/** Something good has come from there. Answers whether any other is left. */
export function forgetAddress(failures: CodeFailures, address: string): boolean {
  const times = failures.addresses.get(address);
  if (times === undefined || address === OTHERS) return true;
  failures.addresses.delete(address);
  failures.count -= times;
  failures.proven = Math.min(failures.proven, failures.count);
  failures.known = Math.min(failures.known, failures.count);
  return failures.count > 0;
}

export function countOf(byCode: FailuresByCode): number {
  let sum = 0;
  for (const { count } of byCode.values()) sum += count;
  return sum;
}

/** The code with the most. */
export function mostOf(byCode: FailuresByCode): readonly [string, CodeFailures] | undefined {
  return [...byCode].toSorted(([, one], [, other]) => other.count - one.count)[0];
}

/** `203.0.113.9 (12), 203.0.113.10 (3) and others (4)` */
export function sendersIn(addresses: ReadonlyMap<string, number>): string {
  const sorted = [...addresses]
    .filter(([address]) => address !== OTHERS)
    .toSorted(([, one], [, other]) => other - one);
  const named = sorted.slice(0, NAMED_MAX).map(([address, times]) => `${address} (${times})`);
  const rest = sorted.slice(NAMED_MAX).reduce((sum, [, times]) => sum + times, addresses.get(OTHERS) ?? 0);
  if (rest === 0) return named.join(', ');
  return named.length === 0 ? 'nobody knows where' : `${named.join(', ')} and others (${rest})`;
}

function countAddress(addresses: Map<string, number>, given: string, times: number): void {
  const address = addresses.has(given) || addresses.size < ADDRESSES_MAX ? given : OTHERS;
  addresses.set(address, (addresses.get(address) ?? 0) + times);
}
