/**
 * Has the inbox keep alarms, and leaves it to say which news are this service's to tell. An inbox that does not answer in time, or
 * cannot, keeps nothing back: then the news are told as they are. Held by watch.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Alarm,
  type AlarmKeeper,
  type AlarmNews,
  alarmKey,
  type KeptAlarms,
} from '../../inbox/kept-alarms.ts';
import type { AlarmKnobs } from '../config/knobs.ts';

const WITHIN_MS = 3_000;

export class AlarmKeeping {
  readonly #inbox: AlarmKeeper;
  readonly #knobs: Pick<AlarmKnobs, 'repeatMs' | 'calmMs'>;
  /** Those that were told and are not kept yet. */
  readonly #unkept = new Set<string>();

  constructor(inbox: AlarmKeeper, knobs: Pick<AlarmKnobs, 'repeatMs' | 'calmMs'>) {
    this.#inbox = inbox;
    this.#knobs = knobs;
  }

  /** Undefined if the inbox cannot say. */
  async open(now: number): Promise<KeptAlarms | undefined> {
    return await within(this.#inbox.openAlarms(now));
  }

  /** `found` are all alarms of one kind that a look has found, `news` what the book made of it. Answers with what to tell. */
  async keep(
    news: readonly AlarmNews[],
    found: readonly Alarm[],
    now: number,
  ): Promise<readonly AlarmNews[]> {
    const over = news.filter(({ type }) => type === 'alarm.over').map(({ alarm }) => alarm);
    const repeated = news.filter(
      ({ type, alarm }) => type === 'alarm.raised' && !found.some((one) => alarmKey(one) === alarmKey(alarm)),
    );
    const all = [...found, ...repeated.map(({ alarm }) => alarm)];
    if (all.length === 0 && over.length === 0) return news;
    const { repeatMs, calmMs } = this.#knobs;
    const told = await within(
      this.#inbox.noteAlarms({
        found: all.map((alarm) => ({ ...alarm, isTold: this.#unkept.has(alarmKey(alarm)) })),
        over,
        repeatMs: repeatMs === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : repeatMs,
        calmMs,
        now,
      }),
    );
    const ofUnkept = news.filter(
      ({ type, alarm }) => type === 'alarm.over' && this.#unkept.delete(alarmKey(alarm)),
    );
    if (!told) {
      for (const { type, alarm } of news) if (type === 'alarm.raised') this.#unkept.add(alarmKey(alarm));
      return news;
    }
    for (const alarm of all) this.#unkept.delete(alarmKey(alarm));
    const known = new Set(told.map(({ alarm }) => alarmKey(alarm)));
    return [...told, ...ofUnkept.filter(({ alarm }) => !known.has(alarmKey(alarm)))];
  }
}

async function within<T>(answer: Promise<T>): Promise<T | undefined> {
  const ended = new AbortController();
  try {
    return await Promise.race([answer, sleep(WITHIN_MS, undefined, { signal: ended.signal, ref: false })]);
  } catch {
    return undefined;
  } finally {
    ended.abort();
    answer.catch(() => {});
  }
}
