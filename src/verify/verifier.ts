/**
 * What a check is: it sees plain data of a request, never Express, and returns a proof or throws a Rejection.
 *
 * A request is a Head until its bytes are read. Made by the schemes of this house, asked by serve/http, and again later for what was refused.
 */

export type Scheme = 'ip' | 'token' | 'hmac' | 'jwt';

export const SCHEMES: readonly Scheme[] = ['ip', 'token', 'hmac', 'jwt'];

/** What is known of a request before a byte of its body has been read. */
export interface Head {
  /** Milliseconds since 1970, on our clock. Verification asks no other clock. */
  readonly receivedAt: number;
  /** The client, in canonical form; undefined if the proxies' headers do not tell. */
  readonly address: string | undefined;
  /** What follows the first `?` of the request target, undecoded. */
  readonly query: string;
  /** Names and values by turns, as they arrived. */
  readonly rawHeaders: readonly string[];
  /** Stands for the query of a request that was kept, and is judged again. */
  readonly tokenDigest?: Buffer;
}

/** How a request passed a check: kept with the event as evidence. */
export interface Proof {
  readonly scheme: Scheme;
  /** Fingerprint of the secret that matched. */
  readonly secret?: string;
  /** Header and algorithm of an HMAC. */
  readonly form?: string;
  /** The header's value, so that the MAC can be checked again. Never shown. */
  readonly signature?: string;
  /** The check is only observed, and it failed: enforced, it would have refused with this code. */
  readonly wouldRefuse?: string;
}

/** What is left to check once the body is here. Throws Rejection. */
export type BodyCheck = (body: Buffer) => Proof;

/** Checks the head, throws Rejection, and returns the proof, or what is left to check on the body. */
export type Verifier = (head: Head) => Proof | BodyCheck | Promise<Proof | BodyCheck>;
