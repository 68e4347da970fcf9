/** The knobs that are not secrets and rarely differ between environments. */
import type { ServiceKnobs } from 'consignee';

export default {
  // Request bodies held in memory at the same time, all sources together; beyond it new requests get a 503.
  bytesInFlightMax: 256 * 1_048_576,
  // An event that is not on disk by then is answered with 503. Shippo waits 3 s in all.
  inboxDeadlineMs: 2_500,
  // SQLite's page cache. The index of 5 million events takes 135 MB; with room for all of it intake stays faster.
  inboxCacheMb: 64,
  // PostgreSQL: connections of each replica; how long one statement may take; how soon the events of a replica that was
  // killed are taken over by another. A replica that cannot reach the database for 0.6 of that ends its handlers.
  // partitionDays: with millions of events a day, 1 lets each day's go as a whole (docs/replicas.md).
  postgres: { connections: 6, statementMs: 2_500, leaseMs: 15_000, partitionDays: 0 },
  retryAfterSeconds: 5,
  // How far a signed timestamp or a JWT's iat may be from our clock, either way.
  timestampToleranceSeconds: 300,
  // Slow senders: the headers, and the whole request, must have arrived by then.
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  // Longer than a load balancer keeps idle connections (60 s on most), so that it never reuses a closed one.
  keepAliveTimeoutMs: 75_000,
  // A JWT travels in a header; Node's own limit is 16 KiB.
  headerBytesMax: 65_536,
  // On SIGTERM: how long requests and handlers may take to finish before they are cut off.
  shutdownGraceMs: 10_000,
  // Refused requests that are kept for each source, to be judged again when a secret has changed: bytes of all that is kept.
  refused: { bytesMax: 64 * 1_048_576, days: 7 },
  // What a handler gets unless config/sources.ts says otherwise.
  handler: { timeLimitMs: 30_000, concurrency: 16, maxAttempts: 20 },
  // Full jitter: a failed attempt waits a random time up to base · 2^(attempt-1), at most the cap.
  backoff: { baseMs: 1_000, capMs: 6 * 3_600_000 },
  // A target that says `Unavailable` so often in a row gets nothing for a while, longer each time; then one event to try it.
  circuit: { failures: 5, restMs: 1_000, restMaxMs: 60_000 },
  // Flintn's last retry comes 26.5 hours after the first try; keys must outlive any provider's retries.
  identityDays: 30,
  // What people are told of, in the log, in the metrics and at ALARM_URL. Infinity switches an alarm off, 0 that of the disk.
  alarms: {
    // How often everything is looked at.
    lookMs: 30_000,
    // An alarm that stays is told again after so long; one whose cause has stayed away for so long is over.
    repeatMs: 6 * 3_600_000,
    calmMs: 120_000,
    // A source is told of if this part of its requests was refused (401, 403) in this time, but at least so many.
    windowMs: 600_000,
    refusalRatio: 0.5,
    refusalsLeast: 10,
    // How old the oldest event may get that waits for a handler.
    backlogAgeMs: 900_000,
    // What should be free on the disk of the inbox.
    diskFreeMb: 512,
    // How far our clock may be from the times that senders sign, before timestampToleranceSeconds makes refusals of it.
    clockSkewMs: 60_000,
    // A source is told of when it has been silent three times as long as ever in four weeks, by its own hours and days.
    silenceFactor: 3,
  },
} satisfies ServiceKnobs;
