/**
 * Which alarms are raised. The book takes in what each look found and answers what people should be told:
 *
 *   a finding that is new         raised
 *   one that stays                raised again, but not before `repeatMs` have passed
 *   one that is gone              over, once it has stayed away for `calmMs`
 *
 * An alarm keeps the time it began at, and its words are those of the last look. The book asks no clock. Held by watch.ts.
 */
import { type Alarm, type AlarmFinding, type AlarmNews, alarmKey } from '../../inbox/kept-alarms.ts';
import type { AlarmKnobs } from '../config/knobs.ts';
import { durationOf } from './alarm.ts';

interface Entry {
  alarm: Alarm;
  toldAt: number;
  /** When it was first not found any more. */
  goneAt: number | undefined;
  /** The inbox has been seen to keep it as raised. */
  isKept?: boolean;
}

export class AlarmBook {
  readonly #knobs: Pick<AlarmKnobs, 'repeatMs' | 'calmMs'>;
  readonly #entries = new Map<string, Entry>();
  /** When the last one of this name was over. */
  readonly #overAt = new Map<string, number>();

  constructor(knobs: Pick<AlarmKnobs, 'repeatMs' | 'calmMs'>) {
    this.#knobs = knobs;
  }

  raised(): Alarm[] {
    return [...this.#entries.values()].map(({ alarm }) => alarm);
  }

  /**
   * Takes in what the inbox keeps as raised: before the start, or by another replica. People know of it. What has just ended may
   * still be there. What is not kept any more has been ended by another.
   */
  adopt(alarms: readonly Alarm[], now: number): void {
    const kept = new Set(alarms.map(alarmKey));
    for (const [key, { isKept }] of this.#entries) if (isKept && !kept.has(key)) this.#entries.delete(key);
    for (const alarm of alarms) {
      const key = alarmKey(alarm);
      const overAt = this.#overAt.get(key) ?? Number.NEGATIVE_INFINITY;
      const isNew = !this.#entries.has(key) && now - overAt >= this.#knobs.calmMs;
      if (isNew) this.#entries.set(key, { alarm, toldAt: now, goneAt: undefined });
      const entry = this.#entries.get(key);
      if (entry) entry.isKept = true;
    }
  }

  /** The clock was set by so much: what has passed since an alarm was told, or gone, stays what it was. */
  shift(byMs: number): void {
    for (const entry of this.#entries.values()) {
      entry.toldAt += byMs;
      if (entry.goneAt !== undefined) entry.goneAt += byMs;
    }
  }

  /** `findings` are all there are of this kind; `open` are the subjects of those that go on without being found. */
  note(
    kind: string,
    findings: readonly AlarmFinding[],
    now: number,
    open: ReadonlySet<string> = new Set(),
  ): AlarmNews[] {
    const news = findings.flatMap((finding) => this.#raise(kind, finding, now));
    const found = new Set(findings.map(({ subject }) => subject));
    for (const [key, entry] of this.#entries) {
      const { alarm } = entry;
      if (alarm.kind !== kind || found.has(alarm.subject)) continue;
      if (open.has(alarm.subject)) {
        entry.goneAt = undefined;
        news.push(...this.#repeat(entry, now));
        continue;
      }
      entry.goneAt ??= now;
      if (now - entry.goneAt < this.#knobs.calmMs) continue;
      this.#entries.delete(key);
      this.#overAt.set(key, now);
      news.push({ type: 'alarm.over', alarm: endOf(alarm, entry.goneAt) });
    }
    return news;
  }

  #raise(kind: string, finding: AlarmFinding, now: number): AlarmNews[] {
    const key = alarmKey({ kind, subject: finding.subject });
    const entry = this.#entries.get(key);
    const alarm = { since: now, ...finding, kind, ...(entry && { since: entry.alarm.since }) };
    if (entry) {
      Object.assign(entry, { alarm, goneAt: undefined });
      return this.#repeat(entry, now);
    }
    this.#entries.set(key, { alarm, toldAt: now, goneAt: undefined });
    return [{ type: 'alarm.raised', alarm }];
  }

  #repeat(entry: Entry, now: number): AlarmNews[] {
    if (now - entry.toldAt < this.#knobs.repeatMs) return [];
    entry.toldAt = now;
    return [{ type: 'alarm.raised', alarm: entry.alarm }];
  }
}

function endOf(alarm: Alarm, at: number): Alarm {
  // It may have been raised while the clock was ahead.
  const lastedMs = Math.max(0, at - alarm.since);
  return { ...alarm, says: `over after ${durationOf(lastedMs)}: ${alarm.says}`, fix: '' };
}
