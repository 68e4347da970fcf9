/**
 * `consignee/express`: a service inside an Express 5 application. Webhooks come before any body parser, since a signature is over the
 * bytes; the console may stand anywhere.
 *
 *   app.use(mount(consignee));            // or app.use('/hooks', mount(consignee));
 *   app.use('/ops/webhooks', consoleRouter(consignee, { access: (request) => (request.user?.isOps ? 'act' : 'none') }));
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Consignee } from './consignee.ts';
import type { Access } from './console/access.ts';
import { answerNotRunning } from './http/mounted.ts';
import type { App } from './http/server.ts';
import type { Instance } from './instance.ts';

/** What Express calls with a request; Connect and others do as well. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Answers what begins with `/webhooks/` below the path that it is used at, and passes everything else on. */
export function mount(consignee: Consignee): Middleware {
  return function receiveWebhook(request, response, next) {
    consignee.handle(request, response, next);
  };
}

/** How an application lets people use the console within it. */
export interface ConsoleRouterOptions<HostRequest extends IncomingMessage = IncomingMessage> {
  /**
   * Who may do what, asked for each request: `'act'`, `'read'` or `'none'`; with `{ may, who }` the name of the person stands in the record of
   * what was done. CONSOLE_TOKEN is not asked for then. What it throws is an error of the application.
   */
  readonly access: (request: HostRequest) => Access | Promise<Access>;
}

/**
 * The console, at the path that it is used at. Until the service has started, and once it has stopped, the answer is 503. Throws
 * TypeError without `access`: nobody would be kept out.
 */
export function consoleRouter<HostRequest extends IncomingMessage = IncomingMessage>(
  consignee: Consignee,
  { access }: ConsoleRouterOptions<HostRequest>,
): Middleware {
  if (typeof access !== 'function')
    throw new TypeError('consoleRouter wants access, a function that decides who may use it');
  const instance = consignee as Instance;
  let app: App | undefined;
  return function useConsole(request, response) {
    if (instance.state !== 'serving') return answerNotRunning(response);
    app ??= instance.consoleApp((asking) => access(asking as unknown as HostRequest));
    app(request, response);
  };
}
