/**
 * Which alarms are raised. The book takes in what each look found and answers what people should be told:
 *
 *   a finding that is new         raised
 *   one that stays                raised again, but not before `repeatMs` have passed
 *   one that is gone              over, once it has stayed away for `calmMs`
 *
 * An alarm keeps the time it began at, and its words are those of the last look. The book asks no clock.
 */
import type { AlarmKnobs } from '../config/knobs.ts';
import { type Alarm, type AlarmFinding, durationOf } from './alarm.ts';

export interface AlarmNews {
  readonly type: 'alarm.raised' | 'alarm.over';
  readonly alarm: Alarm;
}

interface BookEntry {
  alarm: Alarm;
  toldAt: number;
  /** When it was first not found any more. */
  goneAt: number | undefined;
}

export class AlarmBook {
  readonly #knobs: Pick<AlarmKnobs, 'repeatMs' | 'calmMs'>;
  readonly #entries = new Map<string, BookEntry>();

  constructor(knobs: Pick<AlarmKnobs, 'repeatMs' | 'calmMs'>) {
    this.#knobs = knobs;
  }

  raised(): Alarm[] {
    return [...this.#entries.values()].map(({ alarm }) => alarm);
  }

  /** `findings` are all there are of this kind. */
  note(kind: string, findings: readonly AlarmFinding[], now: number): AlarmNews[] {
    const news = findings.flatMap((finding) => this.#raise(kind, finding, now));
    const found = new Set(findings.map(({ subject }) => subject));
    for (const [key, entry] of this.#entries) {
      if (entry.alarm.kind !== kind || found.has(entry.alarm.subject)) continue;
      entry.goneAt ??= now;
      if (now - entry.goneAt < this.#knobs.calmMs) continue;
      this.#entries.delete(key);
      news.push({ type: 'alarm.over', alarm: endOf(entry.alarm, entry.goneAt) });
    }
    return news;
  }

  #raise(kind: string, finding: AlarmFinding, now: number): AlarmNews[] {
    const key = `${kind} ${finding.subject}`;
    const entry = this.#entries.get(key);
    const alarm = { since: now, ...finding, kind, ...(entry && { since: entry.alarm.since }) };
    const repeats = entry === undefined || now - entry.toldAt >= this.#knobs.repeatMs;
    this.#entries.set(key, { alarm, toldAt: repeats ? now : entry.toldAt, goneAt: undefined });
    return repeats ? [{ type: 'alarm.raised', alarm }] : [];
  }
}

function endOf(alarm: Alarm, at: number): Alarm {
  return { ...alarm, says: `over after ${durationOf(at - alarm.since)}: ${alarm.says}`, fix: '' };
}
