/** The thread that reads when sources spoke: started by past.ts, and ended once it has answered. */
import { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerCalls } from '../../base/threads/ask.ts';
import { type Hour, walkBack } from '../past.ts';
import type { PastCalls } from './past.ts';

// Numbers go by time, so an hour is a stretch of the table.
const HOUR = `SELECT source, max(number) AS last, count(*) AS count FROM inbox
  WHERE number >= ? AND number < ? GROUP BY source`;

answerCalls<PastCalls>(parentPort as MessagePort, {
  async read(path, from, until) {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
    try {
      const statement = database.prepare(HOUR);
      return await walkBack(from, until, (first, end) => statement.all(first, end) as unknown as Hour[]);
    } finally {
      database.close();
    }
  },
});
