/** The knobs of config/service.ts that the inbox thread reads. What each means and may be stands in serve/config/knobs.ts. */
import type { CircuitKnobs } from './circuit.ts';
import type { Backoff } from './retry.ts';

export interface InboxKnobs {
  /** SQLite's page cache. */
  readonly inboxCacheMb: number;
  readonly postgres: {
    readonly connections: number;
    readonly statementMs: number;
    readonly leaseMs: number;
    readonly partitionDays: number;
  };
  /** What a handler gets unless its route says otherwise. */
  readonly handler: { readonly maxAttempts: number };
  readonly backoff: Backoff;
  readonly circuit: CircuitKnobs;
}
