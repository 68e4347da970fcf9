/**
 * Tells people of alarms: a line in the log, and a message to the URL if there is one, one after the other.
 *
 *   { "type": "alarm.raised" | "alarm.over", "timestamp", "data": { kind, subject, says, fix, since } }
 *
 * A receiver that is down gets the newest state of each alarm once it is back: tries go on with growing waits, each signed anew
 * under the same id, for as long as the service runs; what is not told by then, the inbox remembers for the next start. If our clock
 * is wrong, which an alarm may be about, the receiver refuses the signed time. So the time is the best that is known, and after a
 * refusal the one that the receiver's answer gives, if that is another.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../base/log/log.ts';
import { iso, MINUTE_MS } from '../../base/times.ts';
import { type AlarmDelivery, type AlarmNews, alarmKey, TELLING_MS } from '../../inbox/kept-alarms.ts';
import type { AlarmTarget } from '../config/alarms.ts';
import type { AlarmSettings, Look } from './alarm.ts';

const CLOCKS_DIFFER_MS = MINUTE_MS;
const PAUSES_MS = [1_000, 5_000, 15_000, 30_000, MINUTE_MS];
const PAUSE_MOST_MS = MINUTE_MS;

interface TellerOptions {
  readonly settings: () => Pick<AlarmSettings, 'alarmTarget'>;
  readonly log: Log;
  /** Milliseconds since 1970, as far as our clock may be believed. */
  readonly believedNow: () => number;
  /** Its abort gives up the messages that are under way or wait. */
  readonly signal: AbortSignal;
  /** Hears of each message how it goes. */
  readonly note: (delivery: AlarmDelivery) => void;
}

interface WaitingMessage {
  readonly news: AlarmNews;
  readonly id: string;
  readonly body: string;
}

export class Teller {
  readonly #options: TellerOptions;
  /** By alarm, the newest state of each. */
  readonly #waiting = new Map<string, WaitingMessage>();
  #isSending = false;
  #failures = 0;
  #unheard: Look['unheard'];
  /** How far our clock is ahead of the receiver's, if it has shown that they differ. */
  #aheadMs: number | undefined;

  constructor(options: TellerOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#giveUp());
  }

  get unheard(): Look['unheard'] {
    return this.#unheard;
  }

  tell(news: AlarmNews): void {
    const { kind, subject, says, fix, since } = dataOf(news.alarm);
    const fields = { alarm: kind, ...(subject && { subject }), since };
    if (news.type === 'alarm.raised') this.#options.log.error({ ...fields, fix }, says);
    else this.#options.log.info(fields, says);
    this.tellReceiver(news);
  }

  /** What stands in the log already. */
  tellReceiver(news: AlarmNews): void {
    const { settings, signal, note, believedNow } = this.#options;
    if (signal.aborted) return;
    if (!settings().alarmTarget) {
      note({ news, isHeard: true, retriesUntil: 0 });
      return;
    }
    const id = `alm_${randomBytes(12).toString('hex')}`;
    this.#waiting.set(alarmKey(news.alarm), { news, id, body: bodyOf(news, believedNow()) });
    if (!this.#isSending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    const { settings, signal } = this.#options;
    this.#isSending = true;
    for (let next = this.#next(); next && !signal.aborted; next = this.#next()) {
      const [key, message] = next;
      const target = settings().alarmTarget;
      const signedAt = this.#now();
      const { failure, theirNow = signedAt } = target
        ? await postAlarm(target, message, signedAt, signal)
        : {};
      if (failure === undefined) this.#succeed(key, message);
      else await this.#fail(key, message, failure, theirNow - signedAt);
    }
    this.#isSending = false;
  }

  #next(): [string, WaitingMessage] | undefined {
    const [first] = this.#waiting;
    return first;
  }

  #now(): number {
    return this.#aheadMs === undefined ? this.#options.believedNow() : Date.now() - this.#aheadMs;
  }

  #succeed(key: string, { news, id }: WaitingMessage): void {
    // A newer state of it may have come meanwhile.
    if (this.#waiting.get(key)?.id === id) this.#waiting.delete(key);
    if (this.#unheard) this.#options.log.info({}, 'ALARM_URL takes alarms again');
    this.#unheard = undefined;
    this.#failures = 0;
    this.#options.note({ news, isHeard: true, retriesUntil: 0 });
  }

  async #fail(key: string, message: WaitingMessage, reason: string, clocksDifferMs: number): Promise<void> {
    const { log, signal, note, settings } = this.#options;
    if (signal.aborted) return;
    const pauseMs = PAUSES_MS[this.#failures++] ?? PAUSE_MOST_MS;
    if (!this.#unheard) {
      const host = new URL(settings().alarmTarget?.url ?? 'http://none').host;
      log.warn({ host, reason }, 'ALARM_URL does not take an alarm: it is tried again until it does');
    }
    this.#unheard = { since: this.#unheard?.since ?? Date.now(), reason };
    if (Math.abs(clocksDifferMs) > CLOCKS_DIFFER_MS)
      this.#aheadMs = Date.now() - this.#now() - clocksDifferMs;
    note({ news: message.news, isHeard: false, retriesUntil: Date.now() + pauseMs + TELLING_MS });
    // One that is refused for what is in it must not keep the others waiting.
    if (this.#waiting.get(key)?.id === message.id) {
      this.#waiting.delete(key);
      this.#waiting.set(key, message);
    }
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
  }

  #giveUp(): void {
    if (this.#waiting.size === 0) return;
    const count = this.#waiting.size;
    this.#options.log.warn(
      { count },
      'alarms could not be delivered to ALARM_URL: those that the inbox keeps are told after the next start',
    );
  }
}

const TIMEOUT_MS = 10_000;

interface PostResult {
  /** Why it did not get there. */
  readonly failure?: string;
  /** The time by the receiver's clock, in milliseconds since 1970. */
  readonly theirNow?: number;
}

/** What people are told, in the log and in the message alike. */
function dataOf({ kind, subject, says, fix, since }: AlarmNews['alarm']) {
  return { kind, subject, says, fix, since: iso(since) };
}

function bodyOf({ type, alarm }: AlarmNews, now: number): string {
  return JSON.stringify({ type, timestamp: iso(now), data: dataOf(alarm) });
}

/** As a webhook: signed by Standard Webhooks with every live secret, sent once, redirects not followed. */
async function postAlarm(
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
