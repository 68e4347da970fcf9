/**
 * The app of the public port inside a server that is not ours: Express, Fastify or plain node:http of the application around us.
 * The stop of the service waits for what came this way, since nobody closes that server for it. Made by receiver.ts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../base/log/log.ts';
import { http } from '../../base/node-http.ts';
import { SECURITY_HEADERS, sendHead } from './sending.ts';
import type { App } from './server.ts';

export class MountedApp {
  readonly #make: () => App;
  #app: App | undefined;
  readonly #log: Log;
  readonly #open = new Set<ServerResponse>();
  #whenDone: (() => void) | undefined;

  /** `make`: called for the first request. */
  constructor(make: () => App, log: Log) {
    this.#make = make;
    this.#log = log;
  }

  readonly take: App = (request, response) => {
    if (request.httpVersionMajor > 1) {
      this.#log.error(
        { version: request.httpVersion },
        'only HTTP/1.1 can be taken: let a proxy speak the other',
      );
      return answerNotRunning(response);
    }
    // The sender may have left while the application was busy with it: nothing would tell its end.
    if (!response.closed) this.#await(response);
    this.#app ??= this.#make();
    this.#app(request, response);
  };

  #await(response: ServerResponse): void {
    this.#open.add(response);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#whenDone?.();
    });
  }

  /** Resolves once the last request has its answer, or after so long. */
  async finish(graceMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const givingUp = setTimeout(resolve, graceMs);
      this.#whenDone = () => {
        clearTimeout(givingUp);
        resolve();
      };
    });
  }
}

/** What the routes of the sources begin with. */
const PREFIX = '/webhooks/';
const RETRY_AFTER_SECONDS = 5;

/** Whether it is for us to answer, or for the application around us. */
export function isForSources({ url = '' }: IncomingMessage): boolean {
  return url.startsWith(PREFIX);
}

/** Before the start and after the stop, for one: nobody is refused for good. */
export function answerNotRunning(response: ServerResponse): void {
  // The application around us has answered it already, for having waited too long, say.
  if (response.headersSent) return;
  const status = 503;
  const body = JSON.stringify({ title: http.STATUS_CODES[status], status });
  const described = ['Content-Type', 'application/problem+json', 'Content-Length', String(body.length)];
  sendHead(response, status, [...SECURITY_HEADERS, ...described, 'Retry-After', String(RETRY_AFTER_SECONDS)]);
  response.end(body);
}
