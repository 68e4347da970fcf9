/**
 * A verifier sees plain data of a request, never Express, and returns a proof or throws a Rejection. Schemes make verifiers;
 * serve/http asks them for each request, and they are asked again later about what was refused.
 */
import type { RefusalCode } from './refusals.ts';
import type { Scheme } from './schemes.ts';

/** A request as far as it is known before a byte of its body has been read. */
export interface Head {
  /** Milliseconds since 1970, on our clock. Verification asks no other clock. */
  readonly receivedAt: number;
  /** The client, in canonical form; undefined if the proxies' headers do not tell. */
  readonly address: string | undefined;
  /** The text behind the first `?` of the request target, undecoded. */
  readonly query: string;
  /** Names and values by turns, as they arrived. */
  readonly rawHeaders: readonly string[];
  /** Stands for the query when a refused request is judged again: its query was not kept. */
  readonly tokenDigest?: Buffer;
}

/** A note of how a request passed a check, kept with the event as evidence. */
export interface Proof {
  readonly scheme: Scheme;
  /** Fingerprint of the secret that matched. */
  readonly secret?: string;
  /** Header and algorithm of an HMAC, in evidence and metrics: `X-Hub-Signature sha1`. */
  readonly form?: string;
  /** The header's value, so that the MAC can be checked again. Never shown. */
  readonly signature?: string;
  /** Names and values of the other headers that were signed, to the same end. Never shown. */
  readonly lines?: readonly string[];
  /** Digest of what was said, in hex, where it may be written in other bytes under the same proof. */
  readonly claims?: string;
  /** The check is only observed, and it failed: enforced, it would have refused with this code. */
  readonly wouldRefuse?: string;
}

/** The part of a check that needs the body. Throws Rejection, or rejects with it. It knows at once, unless a key must be fetched. */
export type BodyCheck = (body: Buffer) => Proof | Promise<Proof>;

/** Checks the head. Returns the proof, or the check that is left for the body. Throws Rejection. */
export type Verifier = (head: Head) => Proof | BodyCheck | Promise<Proof | BodyCheck>;

/** A request that failed a check. serve/http answers with the row of its code in refusals.ts. */
export class Rejection extends Error {
  readonly code: RefusalCode;
  /** More than the row says, for the operator: never a secret, a MAC or a token. */
  readonly reason: string | undefined;

  constructor(code: RefusalCode, reason?: string) {
    super(reason ?? code);
    this.name = 'Rejection';
    this.code = code;
    this.reason = reason;
  }
}

/** Goes on at once if the value is there. */
export function whenKnown<Value, Result>(
  value: Value | Promise<Value>,
  then: (known: Value) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** All lines of that name, given in lower case, as they arrived: Node joins some repeated headers and drops others. */
export function headerLines(raw: readonly string[], name: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const candidate = raw[at] as string;
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      lines.push(raw[at + 1] as string);
  }
  return lines;
}

/** How a request proved itself, as it goes to disk. */
export function provenBy(proofs: readonly Proof[]): { readonly evidence: string; readonly claims?: string } {
  const claims = proofs.find((proof) => proof.claims !== undefined)?.claims;
  return { evidence: JSON.stringify(proofs), ...(claims !== undefined && { claims }) };
}
