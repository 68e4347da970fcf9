/**
 * The alarms in a PostgreSQL inbox, which replicas have in common: what noteAlarms, openAlarms and noteAlarmDelivery of
 * ../contract.ts promise. Whoever writes the row tells of it. Called by thread.ts; times are those of the common clock.
 */
import type pg from 'pg';
import {
  ALARM_COLUMNS,
  ALARM_HISTORY_MS,
  type Alarm,
  type AlarmDelivery,
  type AlarmNews,
  inOrderOfSubject,
  isCalm,
  isRepeatDue,
  type KeptAlarms,
  type NotedAlarms,
  newsOf,
  type RaisedRow,
  TELLING_MS,
} from '../kept-alarms.ts';
import { type Asked, inTransaction } from './connection.ts';

export async function noteAlarms(pool: pg.Pool, noted: NotedAlarms): Promise<AlarmNews[]> {
  return await inTransaction(pool, async (client) => {
    const news: AlarmNews[] = [];
    for (const alarm of inOrderOfSubject(noted.found)) news.push(...(await findAlarm(client, alarm, noted)));
    for (const alarm of inOrderOfSubject(noted.over)) news.push(...(await endAlarm(client, alarm, noted)));
    if (noted.over.length > 0)
      await client.query('DELETE FROM alarms WHERE over_at < $1', [noted.now - ALARM_HISTORY_MS]);
    return news;
  });
}

export async function openAlarms(pool: pg.Pool, now: number): Promise<KeptAlarms> {
  const { rows: raised } = await pool.query<Alarm>(
    `SELECT ${ALARM_COLUMNS} FROM alarms WHERE over_at IS NULL`,
  );
  const { rows } = await pool.query<Alarm & { overAt: number | null }>(
    `UPDATE alarms SET retries_until = $1 WHERE NOT heard AND retries_until <= $2
     RETURNING ${ALARM_COLUMNS}, over_at AS "overAt"`,
    [now + TELLING_MS, now],
  );
  return { raised, unheard: rows.map(newsOf) };
}

export async function noteAlarmDelivery(pool: pg.Pool, delivery: AlarmDelivery): Promise<void> {
  const { type, alarm } = delivery.news;
  await pool.query(
    `UPDATE alarms SET heard = $1, retries_until = $2
     WHERE kind = $3 AND subject = $4 AND since = $5 AND (over_at IS NOT NULL) = $6`,
    [delivery.isHeard, delivery.retriesUntil, alarm.kind, alarm.subject, alarm.since, type === 'alarm.over'],
  );
}

async function findAlarm(
  client: Asked,
  { isTold, ...alarm }: NotedAlarms['found'][number],
  noted: NotedAlarms,
): Promise<AlarmNews[]> {
  const { kind, subject, since, says, fix } = alarm;
  const { now } = noted;
  const row = await raisedRow(client, alarm);
  if (!row) {
    const { rowCount } = await client.query(
      `INSERT INTO alarms (${ALARM_COLUMNS}, told_at, seen_at, heard, retries_until)
       VALUES ($1, $2, $3, $4, $5, $6, $6, false, $7) ON CONFLICT DO NOTHING`,
      [kind, subject, since, says, fix, now, now + TELLING_MS],
    );
    return rowCount === 0 || isTold ? [] : [{ type: 'alarm.raised', alarm }];
  }
  await client.query('UPDATE alarms SET says = $1, fix = $2, seen_at = greatest(seen_at, $3) WHERE id = $4', [
    says,
    fix,
    now,
    row.id,
  ]);
  if (!isRepeatDue(row, noted)) return [];
  await client.query('UPDATE alarms SET told_at = $1, heard = false, retries_until = $2 WHERE id = $3', [
    now,
    now + TELLING_MS,
    row.id,
  ]);
  return [{ type: 'alarm.raised', alarm: { ...alarm, since: row.since } }];
}

async function endAlarm(client: Asked, alarm: Alarm, noted: NotedAlarms): Promise<AlarmNews[]> {
  const row = await raisedRow(client, alarm);
  if (!row || !isCalm(row, noted)) return [];
  await client.query(
    `UPDATE alarms SET over_at = $1, says = $2, fix = '', heard = false, retries_until = $3 WHERE id = $4`,
    [noted.now, alarm.says, noted.now + TELLING_MS, row.id],
  );
  return [{ type: 'alarm.over', alarm: { ...alarm, since: row.since } }];
}

async function raisedRow(client: Asked, { kind, subject }: Alarm): Promise<RaisedRow | undefined> {
  const { rows } = await client.query<RaisedRow>(
    `SELECT id, since, told_at AS "toldAt", seen_at AS "seenAt" FROM alarms
     WHERE kind = $1 AND subject = $2 AND over_at IS NULL FOR UPDATE`,
    [kind, subject],
  );
  return rows[0];
}
