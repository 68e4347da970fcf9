/**
 * The console: the operator's pages, metrics, and what commands have the running service do. Pages are in pages.ts, each also as JSON;
 * writes are in operator-routes.ts and refused-routes.ts. It can be mounted under any path of another application (links.ts).
 *
 *   GET  /metrics   Prometheus text
 *   GET  /status    whether all is well: ServiceStatus of ../status.ts
 *
 * Every request passes, in this order: headers of security; whether it is for this machine or by somebody who may (access.ts), else a
 * page to log in (login.ts); of a write, whether it comes from a page of ours (access.ts), and whether its person may act.
 */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Inbox } from '../../inbox/contract.ts';
import type { JudgingWish, Rechecked } from '../../inbox/refused/judging.ts';
import type { RefusedChoice } from '../../inbox/refused/reader.ts';
import {
  type AccessDecision,
  accessByTokens,
  type ConsoleTokens,
  hasTokens,
  isSameOrigin,
} from './access.ts';
import { addAssets } from './assets.ts';
import { addSlash, linksFrom } from './links.ts';
import { addLogin, showLogin } from './login.ts';
import type { createMetrics } from './metrics.ts';
import { addOperatorRoutes } from './operator-routes.ts';
import { PageError, type PageSource } from './page.ts';
import { addPages, type Person, personIn, SharedAnswers, sendPage, sendTitle } from './page-routes.ts';
import { addRefusedRoutes } from './refused-routes.ts';
import { sayTitle, wantsHtml } from './titles.ts';

export interface ConsoleOptions extends PageSource {
  readonly inbox: Inbox;
  /** Its own file, if it is kept in one on this machine. */
  readonly inboxFile: string | undefined;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** Answers for each source how many were looked at, and how many pass now. */
  readonly judgeRefusedAgain: (wish: JudgingWish) => Promise<readonly Rechecked[]>;
  readonly discardRefused: (choice: RefusedChoice) => Promise<number>;
  /** The live tokens. */
  readonly tokens: () => ConsoleTokens;
  /** In place of the tokens: of an application that the console is a part of. */
  readonly access?: AccessDecision;
}

const READS = ['GET', 'HEAD'];

/** Of everything only this origin, and nothing that stands in a page itself. */
const CONTENT_POLICY = {
  ...{ defaultSrc: ["'none'"], scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'"] },
  ...{ connectSrc: ["'self'"], formAction: ["'self'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
};

export function createConsole(options: ConsoleOptions): Express {
  const { inbox, metrics, status, tokens, access } = options;
  const app = express();
  const answers = new SharedAnswers();
  app.disable('x-powered-by');
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: CONTENT_POLICY },
      // Forms of ours would have no Origin otherwise.
      referrerPolicy: { policy: 'same-origin' },
      // Browsers complain of these on plain HTTP; the pages open no windows.
      crossOriginOpenerPolicy: false,
      originAgentCluster: false,
    }),
  );
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (!addSlash(request, response)) next();
  });
  const assets = addAssets(app);
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.locals.showTitle = (code: number, title: string) =>
      sendTitle(request, response, assets, code, title);
    next();
  });
  const askToLogIn = (request: Request, response: Response, code: number, says?: string) => {
    const { path } = request;
    const to =
      path === '/login'
        ? '/'
        : `${path}${request.originalUrl.slice(request.originalUrl.split('?')[0]?.length)}`;
    response.status(code).set('Cache-Control', 'no-store');
    // The cookie does not come along from another site, but from here it does.
    if (request.get('sec-fetch-site') === 'cross-site') response.set('Refresh', '0');
    sendPage(request, response, assets, { title: 'Log in' }, showLogin(linksFrom(path), to, says));
  };
  if (!access) addLogin(app, tokens, askToLogIn);
  app.use(guard(access ?? accessByTokens(tokens), () => !access && hasTokens(tokens()), askToLogIn, answers));
  app.get('/metrics', async (_request, response) => {
    const { type, text } = await metrics.render(inbox);
    response.type(type).end(text);
  });
  app.get('/status', async (_request, response) => {
    response.json(await status());
  });
  addPages(app, options, assets, answers);
  addOperatorRoutes(app, options);
  addRefusedRoutes(app, options);
  app.use((_request: Request, response: Response) =>
    sayTitle(response, 404, 'there is nothing at this path'),
  );
  app.use((error: Error & { status?: number }, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else sayError(error, response);
  });
  return app;
}

/** `wantsTokens`: whether a token would let them in. */
function guard(
  decide: AccessDecision,
  wantsTokens: () => boolean,
  askToLogIn: (request: Request, response: Response, status: number) => void,
  answers: SharedAnswers,
) {
  return async function guardConsole(request: Request, response: Response, next: NextFunction) {
    const decided = await decide(request);
    const { may, who } = typeof decided === 'string' ? { may: decided, who: undefined } : decided;
    const isRead = READS.includes(request.method);
    const mayLeave = wantsTokens() && request.headers.authorization === undefined;
    response.locals.person = { may, who, mayLeave } satisfies Person;
    if (may === 'none' && wantsTokens() && isRead && wantsHtml(request))
      return askToLogIn(request, response, 401);
    if (may === 'none')
      return sayTitle(
        response,
        wantsTokens() ? 401 : 403,
        'not for you: the console wants its token, or a loopback host name',
      );
    if (isRead) return next();
    if (!isSameOrigin(request))
      return sayTitle(response, 403, 'this did not come from a page of the console');
    if (personIn(response).may !== 'act')
      return sayTitle(response, 403, 'you may look here, and change nothing');
    response.once('finish', () => answers.clear());
    next();
  };
}

function sayError(error: Error & { status?: number }, response: Response): void {
  const { status = 500, message } = error;
  if (error instanceof PageError) sayTitle(response, status, message);
  else if (status === 400) sayTitle(response, 400, 'the body is not JSON');
  else sayTitle(response, status, 'that did not work');
}
