/**
 * Purges finished events past RETENTION_DAYS, step by step, at its own pace. Started by receiver.ts.
 *
 * Keys for duplicate detection stay longer if `identityDays` says so. A wrong clock must not empty the inbox: the inbox purges
 * nothing while it doubts the clock, and the alarm `clock` says so.
 */
import type { Log } from '../base/log/log.ts';
import { DAY_MS, HOUR_MS } from '../base/times.ts';
import type { Inbox } from './contract.ts';

const EVERY_MS = HOUR_MS;
const FIRST_MS = 10_000;
const PAUSE_MS = 50;

export function startRetention(inbox: Inbox, retentionDays: number, identityDays: number, log: Log) {
  const stop = new AbortController();
  let timer = setTimeout(sweep, FIRST_MS).unref();

  async function sweep(): Promise<void> {
    try {
      const removed = await purgeAll();
      if (removed > 0) log.info({ removed }, 'events past their retention purged');
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'purging failed and will be tried again');
    }
    if (!stop.signal.aborted) timer = setTimeout(sweep, EVERY_MS).unref();
  }

  async function purgeAll(): Promise<number> {
    const now = Date.now();
    let total = 0;
    for (let more = true; more && !stop.signal.aborted; ) {
      const keyDays = Math.max(retentionDays, identityDays);
      const step = await inbox.purge(now - retentionDays * DAY_MS, now - keyDays * DAY_MS);
      total += step.removed;
      more = step.more;
      if (more) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return total;
  }

  return function stopRetention(): void {
    stop.abort();
    clearTimeout(timer);
  };
}
