/**
 * Makes the row of an event, as it is sent:
 *
 *   { insertId: <id>, json: { id, ts, source, type, payload } }
 *
 * `ts` is the arrival in UTC, `2026-01-31 23:59:59.123`, which a DATETIME and a TIMESTAMP column both take. `payload` is
 * the body as text.
 */
import type { WebhookEvent } from '../../../verify/event.ts';

export interface TableRow {
  readonly insertId: string;
  readonly json: Columns;
}

/** The library replaces `{{projectId}}` in every text that it finds. In a private field it finds none. */
class Columns {
  readonly #columns: Readonly<Record<string, string | null>>;

  constructor(columns: Readonly<Record<string, string | null>>) {
    this.#columns = columns;
  }

  toJSON() {
    return this.#columns;
  }
}

export function rowOf({ id, receivedAt, source, type, body }: WebhookEvent): TableRow {
  const ts = receivedAt.toISOString().replace('T', ' ').replace('Z', '');
  return { insertId: id, json: new Columns({ id, ts, source, type, payload: body.toString('utf8') }) };
}

/** How many bytes it takes in a request. */
export function bytesOf(row: TableRow): number {
  return Buffer.byteLength(JSON.stringify(row));
}
