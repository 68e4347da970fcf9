/** A thread that answers calls, for ask.test.ts. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { ConfigError } from '../../src/base/errors.ts';
import { answerCalls } from '../../src/base/thread-calls.ts';

export interface Answering {
  /** The text of the bytes, read there. */
  read(given: { readonly bytes: Buffer }): string;
  /** A view of a large memory, in a list, in a map, in an object. */
  give(text: string): Promise<ReadonlyMap<string, readonly { readonly bytes: Buffer }[]>>;
  sizeOf(bytes: Buffer): number;
  greet(port: MessagePort): void;
  fail(): void;
  refuse(): void;
  hang(): Promise<void>;
  die(): Promise<void>;
  close(): void;
}

answerCalls<Answering>(parentPort as MessagePort, {
  read: ({ bytes }) => bytes.toString('utf8'),
  give: async (text) => new Map([['one', [{ bytes: Buffer.from(`  ${text}  `).subarray(2, -2) }]]]),
  sizeOf: ({ buffer }) => buffer.byteLength,
  greet: (port) => port.postMessage('hello'),
  fail() {
    throw new Error('it cannot be done');
  },
  refuse() {
    throw new ConfigError([{ setting: 'A', wrong: 'is wrong', fix: 'Mend it.' }]);
  },
  hang: () => new Promise(() => {}),
  die: () => new Promise(() => setImmediate(() => JSON.parse('unforeseen'))),
  close() {},
});
