/** How SQLite says what a selection asks. Called by reader.ts, and for actions by actions.ts. */
import type { DatabaseSync } from 'node:sqlite';
import { memberTextOf } from '../event-names.ts';
import { parseBody } from '../identity.ts';
import type { SelectionTables } from '../selection-sql.ts';

export const SQLITE_SELECTION: SelectionTables = {
  keys: 'inbox',
  isAmong: (column, subquery) => `${column} IN (${subquery})`,
  numbersIn: (parameter) => `SELECT value FROM json_each(${parameter})`,
  bytesIn: (parameter) => `SELECT unhex(value) FROM json_each(${parameter})`,
  fits: (column, pattern, parameter) =>
    `${column} GLOB ${parameter(pattern.replace(/[?[]/g, (special) => `[${special}]`))}`,
  hasText: (parameter) => `instr(inbox.body, CAST(${parameter} AS BLOB)) > 0`,
  waitsForItsTime: "state = 'pending' AND alone = 0 AND behind = 0",
  memberIs: (path, value) => `member_text(inbox.body, ${path}) = ${value}`,
};

/** SQLite's own functions know neither exact numbers nor which of two members of one name counts. */
export function defineMemberText(database: DatabaseSync): void {
  database.function('member_text', { deterministic: true }, (bytes, path) => {
    if (!(bytes instanceof Uint8Array)) return null;
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return memberTextOf(parseBody(body), JSON.parse(String(path)) as string[], body);
  });
}
