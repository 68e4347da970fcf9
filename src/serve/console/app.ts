/**
 * The operator's port: metrics, and the orders that the `events` command passes to the running service.
 *
 *   GET  /metrics   Prometheus text
 *   POST /recheck   {} → [{"source","looked","accepted"}], refused requests judged again
 *   POST /orders    {"inbox","action":"replay"|"discard","event","handler"?} → {"changed": n}
 *
 * With CONSOLE_TOKEN every request needs `Authorization: Bearer <token>`. Without one the port is on loopback, and a page
 * in a browser on the same machine must not use it: the Host must be a loopback name, and an order must be JSON, which
 * no page may send across origins unasked.
 */
import type { IncomingHttpHeaders } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { isLoopback } from '../../base/address.ts';
import type { Inbox, Order } from '../../inbox/contract.ts';
import type { Metrics } from './metrics.ts';

interface ConsoleOptions {
  readonly inbox: Inbox;
  readonly metrics: Metrics;
  /** Answers for each source how many were looked at, and how many pass now. */
  readonly judgeRefusedAgain: () => Promise<unknown>;
  /** Answers whether the text after `Bearer ` is a live console token; undefined if there are no tokens. */
  readonly isToken: ((given: string) => boolean) | undefined;
}

export function createConsole({ inbox, metrics, isToken, judgeRefusedAgain }: ConsoleOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet());
  app.use((request: Request, response: Response, next: NextFunction) => {
    const status = statusOfCaller(request.headers, isToken);
    if (status === 200) next();
    else sayTitle(response, status, 'not for you: the console wants its token, or a loopback host name');
  });
  app.get('/metrics', async (_request, response) => {
    const { type, text } = await metrics.render(inbox);
    response.type(type).end(text);
  });
  app.post('/orders', express.json({ strict: true }), async (request, response) => {
    const order = readOrder(request.body);
    if (!order) return sayTitle(response, 400, 'an order names the inbox, an action and an event');
    if ((await inbox.status()).inbox !== order.inbox) {
      return sayTitle(response, 409, 'this service has another inbox');
    }
    try {
      response.json({ changed: await inbox.order(order) });
    } catch (error) {
      sayTitle(response, 422, (error as Error).message);
    }
  });
  app.post('/recheck', express.json({ strict: true }), async (request, response) => {
    if (request.body === undefined) return sayTitle(response, 400, 'the body is not JSON');
    response.json(await judgeRefusedAgain());
  });
  app.use((_request: Request, response: Response) =>
    sayTitle(response, 404, 'there is nothing at this path'),
  );
  app.use((error: { status?: number }, _request: Request, response: Response, _next: NextFunction) => {
    if (error.status === 400) sayTitle(response, 400, 'the body is not JSON');
    else sayTitle(response, error.status ?? 500, 'that did not work');
  });
  return app;
}

/** Answers with 200 for who may use the console, 401 for a wrong token, and 403 for a wrong host. */
function statusOfCaller(
  { authorization = '', host = '' }: IncomingHttpHeaders,
  isToken: ConsoleOptions['isToken'],
): number {
  if (isToken) return isToken(/^Bearer (\S+)$/i.exec(authorization)?.[1] ?? '') ? 200 : 401;
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isLoopback(name) ? 200 : 403;
}

function readOrder(body: unknown): (Order & { inbox: string }) | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { inbox, action, event, handler } = body as Record<string, unknown>;
  if (typeof inbox !== 'string' || !Number.isSafeInteger(event)) return undefined;
  if (action !== 'replay' && action !== 'discard') return undefined;
  const one = typeof handler === 'string' ? { handler } : {};
  return { inbox, action, event: event as number, ...one };
}

function sayTitle(response: Response, status: number, title: string): void {
  response.status(status).json({ title, status });
}
