/** A request that failed a check, kept with all that is needed to check it again. */
export interface RefusedRequest {
  /** The `ref_…` of the answer. */
  readonly id: string;
  readonly source: string;
  readonly receivedAt: number;
  readonly code: string;
  readonly reason: string;
  readonly address: string;
  /** A JSON object, authentication already removed: what would be kept with the event. */
  readonly headers: string;
  /** A JSON list of names and values by turns: the headers that signatures and bearer tokens came in. Never shown. */
  readonly credentials: string;
  /** Digest of the query token, if there was exactly one. */
  readonly tokenDigest?: Buffer;
  readonly body: Buffer;
}

/** For each source. */
export interface RefusedLimits {
  /** Of bodies, headers and all else that is kept. */
  readonly bytesMax: number;
  readonly days: number;
}
