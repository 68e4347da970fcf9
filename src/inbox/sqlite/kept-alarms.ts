/** The alarms in an SQLite inbox: what noteAlarms, openAlarms and noteAlarmDelivery of ../contract.ts promise. Part of store.ts. */
import type { DatabaseSync } from 'node:sqlite';
import {
  ALARM_COLUMNS,
  ALARM_HISTORY_MS,
  type Alarm,
  type AlarmDelivery,
  type AlarmNews,
  isCalm,
  isRepeatDue,
  type KeptAlarms,
  type NotedAlarms,
  newsOf,
  type RaisedRow,
  TELLING_MS,
} from '../kept-alarms.ts';
import { prepareQuery, transact } from '../sqlite-file.ts';

type UnheardRow = Alarm & { readonly overAt: number | null };

export class SqliteAlarms {
  readonly #database: DatabaseSync;
  readonly #sql: ReturnType<typeof statementsOfAlarms>;

  readonly #believesClock: (now: number) => boolean;

  constructor(database: DatabaseSync, believesClock: (now: number) => boolean) {
    this.#database = database;
    this.#believesClock = believesClock;
    this.#sql = statementsOfAlarms(database);
    // Whoever was telling them has ended.
    this.#sql.release.run();
  }

  /** `noting` hears of an error of the disk. */
  calls(noting: <T>(work: () => T) => T) {
    return {
      noteAlarms: (noted: NotedAlarms) => noting(() => this.#note(noted)),
      openAlarms: (now: number) => noting(() => this.#open(now)),
      noteAlarmDelivery: (delivery: AlarmDelivery) => noting(() => this.#noteDelivery(delivery)),
    };
  }

  #note(noted: NotedAlarms): AlarmNews[] {
    return transact(this.#database, () => {
      const news = [
        ...noted.found.flatMap((alarm) => this.#find(alarm, noted)),
        ...noted.over.flatMap((alarm) => this.#end(alarm, noted)),
      ];
      const mayForget = noted.over.length > 0 && this.#believesClock(noted.now);
      if (mayForget) this.#sql.forget.run(noted.now - ALARM_HISTORY_MS);
      return news;
    });
  }

  #open(now: number): KeptAlarms {
    const raised = this.#sql.raised.all();
    const rows = this.#sql.claim.all(now + TELLING_MS, now);
    return { raised, unheard: rows.map(newsOf) };
  }

  #noteDelivery({ news: { type, alarm }, isHeard, retriesUntil }: AlarmDelivery): void {
    const { kind, subject, since } = alarm;
    const isOver = type === 'alarm.over' ? 1 : 0;
    this.#sql.noteDelivery.run(isHeard ? 1 : 0, retriesUntil, kind, subject, since, isOver);
  }

  #find({ isTold, ...alarm }: NotedAlarms['found'][number], noted: NotedAlarms): AlarmNews[] {
    const { kind, subject, since, says, fix } = alarm;
    const { now } = noted;
    const row = this.#sql.find.get(kind, subject);
    if (!row) {
      this.#sql.insert.run(kind, subject, since, says, fix, now, now, now + TELLING_MS);
      return isTold ? [] : [{ type: 'alarm.raised', alarm }];
    }
    this.#sql.see.run(says, fix, now, row.id);
    if (!isRepeatDue(row, noted)) return [];
    this.#sql.repeat.run(now, now + TELLING_MS, row.id);
    return [{ type: 'alarm.raised', alarm: { ...alarm, since: row.since } }];
  }

  #end(alarm: Alarm, noted: NotedAlarms): AlarmNews[] {
    const row = this.#sql.find.get(alarm.kind, alarm.subject);
    if (!row || !isCalm(row, noted)) return [];
    this.#sql.end.run(noted.now, alarm.says, noted.now + TELLING_MS, row.id);
    return [{ type: 'alarm.over', alarm: { ...alarm, since: row.since } }];
  }
}

function statementsOfAlarms(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    release: prepare('UPDATE alarms SET retries_until = 0 WHERE heard = 0'),
    raised: prepareQuery<Alarm>(database, `SELECT ${ALARM_COLUMNS} FROM alarms WHERE over_at IS NULL`),
    find: prepareQuery<RaisedRow>(
      database,
      `SELECT id, since, told_at AS toldAt, seen_at AS seenAt FROM alarms
        WHERE kind = ? AND subject = ? AND over_at IS NULL`,
    ),
    insert: prepare(`INSERT INTO alarms (${ALARM_COLUMNS}, told_at, seen_at, heard, retries_until)
      VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)`),
    see: prepare('UPDATE alarms SET says = ?, fix = ?, seen_at = ? WHERE id = ?'),
    repeat: prepare('UPDATE alarms SET told_at = ?, heard = 0, retries_until = ? WHERE id = ?'),
    end: prepare(
      "UPDATE alarms SET over_at = ?, says = ?, fix = '', heard = 0, retries_until = ? WHERE id = ?",
    ),
    forget: prepare('DELETE FROM alarms WHERE over_at < ?'),
    claim: prepareQuery<UnheardRow>(
      database,
      `UPDATE alarms SET retries_until = ? WHERE heard = 0 AND retries_until <= ?
        RETURNING ${ALARM_COLUMNS}, over_at AS overAt`,
    ),
    noteDelivery: prepare(`UPDATE alarms SET heard = ?, retries_until = ?
      WHERE kind = ? AND subject = ? AND since = ? AND (over_at IS NOT NULL) = ?`),
  };
}
