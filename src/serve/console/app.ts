/**
 * The operator's port: metrics, and the orders that the `events` command passes to the running service.
 *
 *   GET  /metrics   Prometheus text
 *   GET  /status    whether all is well: ServiceStatus of ../status.ts
 *   POST /recheck   {"inbox","source"?,"ids"?,"byChecksOfNow"?,"toleranceSeconds"?} → [{"source","looked","accepted",
 *                   "passNowOnly"}], refused requests judged again
 *   POST /refused/discard   {"inbox","source"?,"code"?,"address"?,"ids"?,"who"?} → {"discarded"}, at least one of them
 *   POST /rescue    {"inbox","to"} → {}, the inbox at that path copied into that empty file
 *   POST /orders    {"inbox","action":"replay"|"discard","event","handler"?} → {"changed": n}
 *   POST /actions   {"inbox","verb":"replay"|"discard","selection","found"?,"upTo"?,"who"?} → the action, which is carried
 *                   out from now on; with "dryRun" → {"found","handlers","upTo"}. A selection has the members of
 *                   inbox/selection.ts; what is done is replayed only with the `found` and `upTo` of a dry run
 *   GET  /actions   ?limit=20 → what was ordered, the newest first, and how far it has come
 *   POST /actions/<id>/cancel   {"inbox"} → the action
 *   POST /pauses    {"inbox","verb":"pause","name","reason","who"?} or {"inbox","verb":"resume","name","who"?} →
 *                   {"handlers","before"?,"endedRest"}; `name` is a handler or a target
 *
 * With CONSOLE_TOKEN every request needs `Authorization: Bearer <token>`. Without one the port is on loopback, and a page
 * in a browser on the same machine must not use it: the Host must be a loopback name, and an order must be JSON, which
 * no page may send across origins unasked.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { resolve } from 'node:path';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { isLoopback } from '../../base/address.ts';
import type { Inbox } from '../../inbox/contract.ts';
import type { RefusedChoice } from '../../inbox/refused/choice.ts';
import type { JudgingWish } from '../../inbox/refused/judging.ts';
import type { ServiceStatus } from '../status.ts';
import type { createMetrics } from './metrics.ts';
import { addOperatorRoutes } from './operator-routes.ts';
import { OTHER_INBOX, sayTitle } from './titles.ts';

interface ConsoleOptions {
  readonly inbox: Inbox;
  /** Its own file, if it is kept in one on this machine. */
  readonly inboxFile: string | undefined;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly status: () => Promise<ServiceStatus>;
  /** Answers for each source how many were looked at, and how many pass now. */
  readonly judgeRefusedAgain: (wish: JudgingWish) => Promise<unknown>;
  readonly discardRefused: (choice: RefusedChoice) => Promise<number>;
  /** Answers whether the text after `Bearer ` is a live console token; undefined if there are no tokens. */
  readonly isToken: ((given: string) => boolean) | undefined;
}

export function createConsole({
  inbox,
  inboxFile,
  metrics,
  status,
  isToken,
  judgeRefusedAgain,
  discardRefused,
}: ConsoleOptions): Express {
  const app = express();
  // Whoever asks looks at an inbox, and may have found the console of another service.
  const isOurs = async (named: string) => (await inbox.status()).inbox === named;
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
  app.get('/status', async (_request, response) => {
    response.json(await status());
  });
  addOperatorRoutes(app, { inbox, isOurs, discardRefused });
  app.post('/recheck', express.json({ strict: true }), async (request, response) => {
    const { inbox: named } = (request.body ?? {}) as { inbox?: unknown };
    if (typeof named !== 'string') return sayTitle(response, 400, 'a recheck names the inbox');
    if (!(await isOurs(named))) return sayTitle(response, 409, OTHER_INBOX);
    const wish = readWish(request.body);
    if (!wish) return sayTitle(response, 400, 'the body does not say what is to be judged');
    response.json(await judgeRefusedAgain(wish));
  });
  app.post('/rescue', express.json({ strict: true }), async (request, response) => {
    const { inbox: path, to } = (request.body ?? {}) as Record<string, unknown>;
    if (typeof path !== 'string' || typeof to !== 'string') {
      return sayTitle(response, 400, 'a rescue names the file of the inbox, and an empty file');
    }
    if (inboxFile === undefined || resolve(inboxFile) !== path) {
      return sayTitle(response, 409, OTHER_INBOX);
    }
    try {
      await inbox.copyTo(to);
      response.json({});
    } catch (error) {
      sayTitle(response, 422, (error as Error).message);
    }
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

function readWish(body: unknown): JudgingWish | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { source, ids, byChecksOfNow = false, toleranceSeconds } = body as Record<string, unknown>;
  const isList = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
  if (source !== undefined && typeof source !== 'string') return undefined;
  if ((ids !== undefined && !isList) || typeof byChecksOfNow !== 'boolean') return undefined;
  if (
    toleranceSeconds !== undefined &&
    !(Number.isSafeInteger(toleranceSeconds) && Number(toleranceSeconds) > 0)
  )
    return undefined;
  return {
    byChecksOfNow,
    ...(source !== undefined && { source }),
    ...(isList && { ids }),
    ...(toleranceSeconds !== undefined && { toleranceSeconds: Number(toleranceSeconds) }),
  };
}
