/**
 * An alarm as a webhook: signed by Standard Webhooks with every live secret, sent once, redirects not followed. Used by tell.ts.
 *
 *   { "type": "alarm.raised" | "alarm.over", "timestamp", "data": { kind, subject, says, fix, since } }
 */
import { iso } from '../../base/times.ts';
import type { AlarmNews } from '../../inbox/kept-alarms.ts';
import type { AlarmTarget } from '../config/alarms.ts';

const TIMEOUT_MS = 10_000;

interface PostResult {
  /** Why it did not get there. */
  readonly failure?: string;
  /** The time by the receiver's clock, in milliseconds since 1970. */
  readonly theirNow?: number;
}

/** What people are told, in the log and in the message alike. */
export function dataOf({ kind, subject, says, fix, since }: AlarmNews['alarm']) {
  return { kind, subject, says, fix, since: iso(since) };
}

export function bodyOf({ type, alarm }: AlarmNews, now: number): string {
  return JSON.stringify({ type, timestamp: iso(now), data: dataOf(alarm) });
}

export async function postAlarm(
  { url, sign }: AlarmTarget,
  { id, body }: { readonly id: string; readonly body: string },
  signedAt: number,
  stop: AbortSignal,
): Promise<PostResult> {
  const seconds = Math.floor(signedAt / 1_000);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': sign(id, seconds, Buffer.from(body)),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    if (response.ok) return {};
    const theirNow = Date.parse(response.headers.get('date') ?? '');
    return { failure: `it answered ${response.status}`, ...(theirNow > 0 && { theirNow }) };
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return { failure: cause?.code ?? name };
  }
}
