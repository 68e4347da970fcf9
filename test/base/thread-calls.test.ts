/** Calls between threads: what arrives, what fails, and what becomes of those whose thread is gone. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import { DeadlineError, ThreadCalls } from '../../src/base/thread-calls.ts';
import type { Answering } from './answering-thread.ts';

let worker: Worker;
let calls: ThreadCalls<Answering>;
beforeEach(() => {
  worker = new Worker(new URL('./answering-thread.ts', import.meta.url));
  calls = new ThreadCalls(worker, 'the thread of the test');
});
afterEach(async () => void (await worker.terminate()));

test('a Buffer is a Buffer on the other side, both ways and however deep, and takes nothing else along', async () => {
  expect(await calls.ask('read', { bytes: Buffer.from('{"ünïcode":"✓"}') })).toBe('{"ünïcode":"✓"}');
  const given = await calls.ask('give', '{"id":1}');
  expect(given.get('one')?.[0]?.bytes.toString('utf8')).toBe('{"id":1}');
  const view = Buffer.from(new ArrayBuffer(1_048_576)).subarray(10, 20);
  expect(await calls.ask('sizeOf', view)).toBe(10);
  expect(view.length).toBe(10);
});

test('a port is handed over', async () => {
  const { port1, port2 } = new MessageChannel();
  await calls.ask('greet', port1);
  expect(await once(port2, 'message')).toEqual(['hello']);
  port2.close();
});

test('what goes wrong there is thrown here, with the problems of a setting', async () => {
  await expect(calls.ask('fail')).rejects.toThrow('it cannot be done');
  const refusal: unknown = await calls.ask('refuse').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ConfigError);
  expect(refusal).toMatchObject({ problems: [{ setting: 'A', wrong: 'is wrong', fix: 'Mend it.' }] });
});

test('a call with a deadline ends by then; one without waits for as long as the thread lives', async () => {
  await expect(calls.askWithin(20, 'hang')).rejects.toBeInstanceOf(DeadlineError);
  expect(await calls.askWithin(5_000, 'read', { bytes: Buffer.from('in time') })).toBe('in time');
  const asked = calls.ask('hang');
  void worker.terminate();
  await expect(asked).rejects.toThrow('the thread of the test has ended');
});

test('a thread that dies fails all that was asked of it, and all that is asked later, with its own reason', async () => {
  const failures = [calls.ask('hang'), calls.ask('die')].map((asked) =>
    expect(asked).rejects.toThrow(/JSON/),
  );
  await Promise.all(failures);
  await expect(calls.ask('read', { bytes: Buffer.from('late') })).rejects.toThrow(/JSON/);
});

test('a thread that cannot begin says so', async () => {
  const broken = new Worker("throw Object.assign(new Error('no'), { problems: [] })", { eval: true });
  await expect(new ThreadCalls<Answering>(broken, 'it').listening).rejects.toBeInstanceOf(ConfigError);
  await calls.listening;
});

test('after close a thread ends by itself', async () => {
  const ended = once(worker, 'exit');
  await calls.ask('close');
  expect(await ended).toEqual([0]);
});
