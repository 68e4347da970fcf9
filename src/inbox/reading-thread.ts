/** The thread that reads: started by reading.ts. It opens the inbox anew for each question, so that it sees what is there by now. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerCalls } from '../base/thread-calls.ts';
import { driverOf } from './driver.ts';
import type { ReadingCalls } from './reading.ts';
import { readStanding } from './standing.ts';

answerCalls<ReadingCalls>(parentPort as MessagePort, {
  async standing(database, now) {
    const reader = await driverOf(database).openReader();
    try {
      return reader && (await readStanding(reader, now));
    } finally {
      await reader?.close();
    }
  },
});
