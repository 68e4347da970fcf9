/**
 * Calls between threads. The two sides share a contract, a type with methods, and nothing else: one side asks a method by its
 * name, the other side has a handler for each method, and the compiler holds both to the contract.
 *
 * What is given and what is answered arrives as it was: errors as errors, a ConfigError with its problems, bytes as a Buffer.
 * When the thread ends, whatever was asked of it fails. Messages of other kinds may use the same port: those
 * that are sent for every event are packed, and no calls.
 */
import { MessagePort, type Transferable, type Worker } from 'node:worker_threads';
import { ConfigError, type Problem } from './errors.ts';

type Methods<C> = { readonly [Name in keyof C]: (...given: never[]) => unknown };
export type CallArguments<C extends Methods<C>, Name extends keyof C> = Parameters<C[Name]>;
export type ResultOf<C extends Methods<C>, Name extends keyof C> = Awaited<ReturnType<C[Name]>>;

/** One for each method of the contract; it may answer at once or later. */
export type CallHandlers<C extends Methods<C>> = {
  readonly [Name in keyof C]: (
    ...given: CallArguments<C, Name>
  ) => ResultOf<C, Name> | Promise<ResultOf<C, Name>>;
};

interface Call<C> {
  readonly kind: 'call';
  readonly id: number;
  readonly name: keyof C;
  readonly given: readonly unknown[];
}

interface CallResult {
  readonly kind: 'result';
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly problems?: readonly Problem[] };
}

/** What a thread says by itself once it listens. */
const LISTENING = 0;
const GO_MS = 1_000;

/** Nothing was answered by the time that was given. */
export class DeadlineError extends Error {}

/** The asking side: made for one thread, which has been started a moment ago. */
export class ThreadCalls<C extends Methods<C>> {
  /** Resolves once the thread answers calls; rejects if it ends before that. */
  readonly listening: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #gone = Promise.withResolvers<void>();
  #last = LISTENING;
  #ended: Error | undefined;

  /** `title` names the thread in errors: `the inbox thread`. */
  constructor(worker: Worker, title: string) {
    this.#worker = worker;
    this.listening = this.#answerTo(LISTENING).then(() => {});
    this.listening.catch(() => {});
    worker.on('message', (message: CallResult) => {
      if (message.kind === 'result') this.#settle(message);
    });
    worker.on('error', (error: Error & Partial<ConfigError>) => this.#end(errorFrom(error)));
    worker.on('exit', () => {
      this.#end(new Error(`${title} has ended`));
      this.#gone.resolve();
    });
  }

  /** After the answer to `close`: resolves once the thread is gone. One that does not go by itself is ended. */
  async gone(): Promise<void> {
    const timer = setTimeout(() => void this.#worker.terminate(), GO_MS);
    await this.#gone.promise;
    clearTimeout(timer);
  }

  async ask<Name extends keyof C>(name: Name, ...given: CallArguments<C, Name>): Promise<ResultOf<C, Name>> {
    return (await this.#answerTo(this.#post(name, given))) as ResultOf<C, Name>;
  }

  /** Rejects with DeadlineError if the answer takes longer. */
  async askWithin<Name extends keyof C>(ms: number, name: Name, ...given: CallArguments<C, Name>) {
    const id = this.#post(name, given);
    const timer = setTimeout(() => this.#take(id)?.reject(new DeadlineError(`no answer in ${ms} ms`)), ms);
    return (await this.#answerTo(id).finally(() => clearTimeout(timer))) as ResultOf<C, Name>;
  }

  #post(name: keyof C, given: readonly unknown[]): number {
    if (this.#ended) throw this.#ended;
    const id = ++this.#last;
    const { value, transfer } = sendable({ kind: 'call', id, name, given } satisfies Call<C>);
    this.#worker.postMessage(value, transfer);
    return id;
  }

  #answerTo(id: number): Promise<unknown> {
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  #take(id: number): PromiseWithResolvers<unknown> | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #settle({ id, value, error }: CallResult): void {
    const waiting = this.#take(id);
    if (error) waiting?.reject(errorFrom(error));
    else waiting?.resolve(withBuffers(value));
  }

  #end(cause: Error): void {
    this.#ended ??= cause;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

/** The answering side. Calls are begun in the order in which they were asked. After the answer to `close` it listens no more. */
export function answerCalls<C extends Methods<C>>(port: MessagePort, handlers: CallHandlers<C>): void {
  port.on('message', async ({ kind, id, name, given }: Call<C>) => {
    if (kind !== 'call') return;
    try {
      const handler: (...given: CallArguments<C, keyof C>) => unknown = handlers[name];
      const value = await handler(...(given.map(withBuffers) as CallArguments<C, keyof C>));
      post({ kind: 'result', id, value });
    } catch (error) {
      const { message, problems } = error as Error & Partial<ConfigError>;
      post({ kind: 'result', id, error: { message, ...(problems && { problems }) } });
    }
    if (name === 'close') port.close();
  });
  post({ kind: 'result', id: LISTENING });

  function post(result: CallResult): void {
    const { value, transfer } = sendable(result);
    port.postMessage(value, transfer);
  }
}

function errorFrom({ message, problems }: { message: string; problems?: readonly Problem[] | undefined }) {
  return problems ? new ConfigError(problems) : new Error(message);
}

/**
 * The value as it can be posted, with all that is handed over: its bytes, and ports. Looked through are lists, maps and plain
 * objects. Sent as they are, a view of a large memory would take the whole of it along, and a Buffer would arrive as a
 * Uint8Array, whose `toString` gives `123,34,…`. So each view gets a copy of its own, and becomes a Buffer on the other side.
 */
function sendable(value: unknown) {
  const transfer: Transferable[] = [];
  const changed = mapLeaves(value, (leaf) => {
    if (leaf instanceof MessagePort) transfer.push(leaf);
    if (!(leaf instanceof Uint8Array)) return leaf;
    const own = new Uint8Array(leaf);
    transfer.push(own.buffer);
    return own;
  });
  return { value: changed, transfer };
}

/** The value as it was sent. */
function withBuffers(value: unknown): unknown {
  return mapLeaves(value, (leaf) => {
    return leaf instanceof Uint8Array ? Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength) : leaf;
  });
}

function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return change(value);
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, change));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, mapLeaves(item, change)]));
  if (![Object.prototype, null].includes(Object.getPrototypeOf(value))) return change(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, change)]));
}
