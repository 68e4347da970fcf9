/** The thread that reads: started by reading.ts. It opens the inbox anew for each question, so that it sees what is there by now. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerCalls } from '../base/thread-calls.ts';
import type { Database } from './contract.ts';
import { driverOf } from './driver.ts';
import type { InboxReader } from './reader.ts';
import type { ReadingCalls } from './reading.ts';
import { readStanding } from './standing.ts';

answerCalls<ReadingCalls>(parentPort as MessagePort, {
  standing: (database, now) => withReader(database, (reader) => reader && readStanding(reader, now)),
  page: (database, sources, selection, place) =>
    withReader(database, (reader) => opened(reader).search(selection, sources).page(place)),
  event: (database, number) => withReader(database, (reader) => opened(reader).show(number)),
});

async function withReader<T>(
  database: Database,
  read: (reader: InboxReader | undefined) => T,
): Promise<Awaited<T>> {
  const reader = await driverOf(database).openReader();
  try {
    return await read(reader);
  } finally {
    await reader?.close();
  }
}

function opened(reader: InboxReader | undefined): InboxReader {
  if (reader) return reader;
  throw new Error('there is no inbox');
}
