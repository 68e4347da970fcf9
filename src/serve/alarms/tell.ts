/**
 * Tells people of alarms: a line in the log, and a message to the URL if there is one, one after the other, so that
 * nobody hears of the end before the beginning.
 *
 * The message is a webhook, signed by Standard Webhooks with every live secret. It gets three tries, each signed anew under
 * the same id; redirects are not followed. If our clock is wrong, which an alarm may be about, the receiver refuses the signed
 * time. So the time is the best that is known, and after a refusal the one that the receiver's answer gives, if that is another.
 *
 *   { "type": "alarm.raised" | "alarm.over", "timestamp", "data": { kind, subject, says, fix, since } }
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../base/log/log.ts';
import type { AlarmTarget } from '../config/alarms.ts';
import type { AlarmNews, AlarmSettings } from './alarm.ts';

/** A receiver that is down costs half a minute for each message. If more messages than this wait, the rest is in the log only. */
const WAITING_MAX = 100;
const TIMEOUT_MS = 10_000;
const CLOCKS_DIFFER_MS = 60_000;
const PAUSES_MS = [0, 1_000, 5_000];

export interface TellerOptions {
  readonly settings: () => AlarmSettings;
  readonly log: Log;
  /** Milliseconds since 1970, as far as our clock may be believed. */
  readonly believedNow: () => number;
  /** Its abort gives up the messages that are under way or wait. */
  readonly signal: AbortSignal;
}

export function teller({ settings, log, signal, believedNow }: TellerOptions) {
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;

  return function tell({ type, alarm }: AlarmNews): void {
    const { kind, subject, says, fix, since } = alarm;
    const data = { kind, subject, says, fix, since: new Date(since).toISOString() };
    const fields = { alarm: kind, ...(subject && { subject }), since: data.since };
    if (type === 'alarm.raised') log.error({ ...fields, fix }, says);
    else log.info(fields, says);
    send(JSON.stringify({ type, timestamp: new Date(believedNow()).toISOString(), data }));
  };

  function send(body: string): void {
    if (!settings().alarmTarget) return;
    if (waiting >= WAITING_MAX) {
      log.warn({}, 'too many alarms wait to be delivered: this one is in the log only');
      return;
    }
    waiting++;
    last = last.then(() => deliver(body));
  }

  async function deliver(body: string): Promise<void> {
    const to = settings().alarmTarget;
    try {
      const id = `alm_${randomBytes(12).toString('hex')}`;
      if (to) await deliverAlarm(to, body, id, believedNow, signal);
    } catch (error) {
      const fields = { host: to && new URL(to.url).host, reason: (error as Error).message };
      log.warn(fields, 'an alarm could not be delivered to ALARM_URL: it is in the log only');
    }
    waiting--;
  }
}

/** Rejects with why the message did not get there. */
async function deliverAlarm(
  to: AlarmTarget,
  body: string,
  id: string,
  believedNow: () => number,
  signal: AbortSignal,
) {
  const failures: string[] = [];
  let aheadMs = Date.now() - believedNow();
  for (const pauseMs of PAUSES_MS) {
    await sleep(pauseMs, undefined, { signal, ref: false });
    const signedAt = Date.now() - aheadMs;
    const { failure, theirNow = signedAt } = await post(to, body, id, signedAt, signal);
    if (failure === undefined) return;
    failures.push(failure);
    if (Math.abs(theirNow - signedAt) > CLOCKS_DIFFER_MS) aheadMs = Date.now() - theirNow;
  }
  throw new Error(`tried ${failures.length} times: ${failures.join(', ')}`);
}

interface PostResult {
  /** Why it did not get there. */
  readonly failure?: string;
  /** The time by the receiver's clock, in milliseconds since 1970. */
  readonly theirNow?: number;
}

async function post(
  { url, sign }: AlarmTarget,
  body: string,
  id: string,
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
    return { failure: String(response.status), ...(theirNow > 0 && { theirNow }) };
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return { failure: cause?.code ?? name };
  }
}
