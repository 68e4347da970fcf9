/**
 * The thread that reads: started by reading.ts. It keeps the inbox open for some seconds, so that the questions of one page share it, and
 * then lets go of it: what is there may be others by then. A question that fails has it let go at once.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerCalls } from '../base/thread-calls.ts';
import type { Database } from './contract.ts';
import { driverOf } from './driver.ts';
import type { InboxReader } from './reader.ts';
import type { ReadingCalls } from './reading.ts';
import { READINGS } from './readings.ts';

const OPEN_MS = 5_000;

interface OpenReader {
  readonly reader: Promise<InboxReader | undefined>;
  /** So many questions read from it. */
  asking: number;
  isLeft: boolean;
}

let present: OpenReader | undefined;

answerCalls<ReadingCalls>(parentPort as MessagePort, {
  async read({ database, sources }, name, given) {
    present ??= openFor(database);
    const open = present;
    open.asking++;
    try {
      const reader = await open.reader;
      if (!reader) throw new Error('there is no inbox yet');
      const read = READINGS[name] as (...all: readonly unknown[]) => unknown;
      return await read(reader, sources, ...given);
    } catch (error) {
      leave(open);
      throw error;
    } finally {
      open.asking--;
      closeUnused(open);
    }
  },
});

function openFor(database: Database): OpenReader {
  const open: OpenReader = { reader: driverOf(database).openReader(), asking: 0, isLeft: false };
  setTimeout(() => leave(open), OPEN_MS);
  return open;
}

/** The next question opens the inbox anew. */
function leave(open: OpenReader): void {
  if (present === open) present = undefined;
  if (open.isLeft) return;
  open.isLeft = true;
  closeUnused(open);
}

function closeUnused({ reader, asking, isLeft }: OpenReader): void {
  if (isLeft && asking === 0) void reader.then((one) => one?.close()).catch(() => {});
}
