/**
 * The checklist of the running service: its own examination (examination.ts), made when a person asks for it, and kept until the next. It
 * is made in a process of its own (process.ts): it reads for long, and whoever opens and closes the file of an inbox in the
 * process that owns it takes SQLite's locks away.
 */
import { fork } from 'node:child_process';
import { MINUTE_MS } from '../../base/times.ts';
import type { ServiceStatus } from '../status.ts';
import type { Examined } from './examination.ts';
import type { Finding } from './finding.ts';

/** Times in milliseconds since 1970. */
interface CheckRun {
  readonly at: number;
  readonly endedAt: number;
  /** Empty if it failed. */
  readonly findings: readonly Finding[];
  readonly failure: string | undefined;
}

/** An inbox of many gigabytes is read through. */
const WITHIN_MS = 30 * MINUTE_MS;

export class Checklist {
  readonly #examined: () => Examined;
  readonly #status: () => Promise<ServiceStatus>;
  #last: CheckRun | undefined;
  #running:
    | { readonly since: number; readonly end: Promise<void>; readonly stop: AbortController }
    | undefined;

  constructor(examined: () => Examined, status: () => Promise<ServiceStatus>) {
    this.#examined = examined;
    this.#status = status;
  }

  /** Since the service started. */
  get last(): CheckRun | undefined {
    return this.#last;
  }

  get runningSince(): number | undefined {
    return this.#running?.since;
  }

  /** Resolves when it has ended, in whichever way. Whoever asks meanwhile gets the same. */
  run(): Promise<void> {
    if (this.#running) return this.#running.end;
    const stop = new AbortController();
    const since = Date.now();
    const end = this.#examine(stop.signal).then(
      (findings) => this.#note({ at: since, endedAt: Date.now(), findings, failure: undefined }),
      ({ message }: Error) => this.#note({ at: since, endedAt: Date.now(), findings: [], failure: message }),
    );
    this.#running = { since, end, stop };
    return end;
  }

  /** Ends an examination that is under way. */
  close(): void {
    this.#running?.stop.abort();
  }

  #note(run: CheckRun): void {
    this.#last = run;
    this.#running = undefined;
  }

  async #examine(signal: AbortSignal): Promise<readonly Finding[]> {
    const { config, ...examined } = this.#examined();
    // What signs alarms is a function, and nothing here looks at it.
    const given = {
      examined: { ...examined, isForPage: true, config: { ...config, alarmTarget: undefined } },
      status: await this.#status(),
    };
    const child = fork(new URL('./process.ts', import.meta.url), {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      signal,
      timeout: WITHIN_MS,
    });
    const { promise, resolve, reject } = Promise.withResolvers<readonly Finding[]>();
    child.once('message', (told: { findings: readonly Finding[] } | { failure: string }) => {
      if ('findings' in told) resolve(told.findings);
      else reject(new Error(told.failure));
    });
    child.once('error', reject);
    child.once('exit', (code, by) => reject(new Error(`the examination ended with ${by ?? code}`)));
    child.send(given, (error) => error && reject(error));
    return await promise.finally(() => child.kill());
  }
}
