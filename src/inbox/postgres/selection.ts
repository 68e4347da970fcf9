/** How PostgreSQL says what a selection asks. Called by reader.ts, and for actions by the inbox thread. */
import type { SelectionTables } from '../selection-sql.ts';

export const POSTGRES_SELECTION: SelectionTables = {
  keys: 'keys',
  isAmong: (column, subquery) => `${column} = ANY (ARRAY(${subquery}))`,
  numbersIn: (parameter) =>
    `SELECT value::bigint FROM json_array_elements_text(${parameter}::json) AS list (value)`,
  bytesIn: (parameter) =>
    `SELECT decode(value, 'hex') FROM json_array_elements_text(${parameter}::json) AS list (value)`,
  fits: (column, pattern, parameter) =>
    `${column} LIKE ${parameter(pattern.replace(/[\\%_]/g, (special) => `\\${special}`).replaceAll('*', '%'))}`,
  hasText: (parameter) => `position(convert_to(${parameter}, 'UTF8') in inbox.body) > 0`,
  waitsForItsTime: "state = 'pending' AND NOT alone AND NOT behind",
  memberIs: (path, value) =>
    `(inbox.is_json AND payload_of(inbox.body) #>> ARRAY(SELECT json_array_elements_text(${path}::json)) = ${value})`,
};
