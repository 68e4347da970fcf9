/** The thread that reads when sources spoke: started by reader.ts, and ended once it has answered. */
import { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerCalls } from '../../base/thread-calls.ts';
import { HOURS, type Hour, walkBack } from '../past.ts';
import { prepareQuery } from '../sqlite-file.ts';
import type { PastCalls } from './reader.ts';

answerCalls<PastCalls>(parentPort as MessagePort, {
  async read(path, from, until) {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
    try {
      const hours = prepareQuery<Hour>(database, HOURS);
      return await walkBack(from, until, ($1, $2) => hours.all({ $1, $2 }));
    } finally {
      database.close();
    }
  },
});
