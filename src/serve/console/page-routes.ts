/**
 * The routes of the pages and the downloads, made of the tables in pages.ts: each page as HTML for a person, as JSON for whoever asks
 * for JSON, both of one answer that is kept for a second for all who ask. `?refresh=15` has a browser without JavaScript
 * ask again after so many seconds.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Express, Request, Response } from 'express';
import { redactText } from '../../base/log/redact.ts';
import { visibleJson } from '../../base/log/visible.ts';
import type { AccessLevel } from './access.ts';
import type { Assets } from './assets.ts';
import { takeFlash } from './flash.ts';
import type { Markup } from './html.ts';
import { showError, showFrame } from './layout.ts';
import { linksFrom } from './links.ts';
import {
  type AnyPage,
  type ConsolePage,
  PageError,
  type PageRequest,
  type PageSource,
  type View,
} from './page.ts';
import { DOWNLOADS, PAGES } from './pages.ts';
import { wantsHtml } from './titles.ts';

const KEPT_MS = 1_000;
const KEPT_MOST = 100;
const REFRESHES = [2, 5, 15, 60];

/** Who asks, as app.ts has found out. */
export interface Person {
  readonly may: AccessLevel;
  readonly who: string | undefined;
  /** Whether they have a session of ours to end. */
  readonly mayLeave: boolean;
}

export function personIn(response: Response): Person {
  const { person } = response.locals as { person?: Person };
  return person ?? { may: 'none', who: undefined, mayLeave: false };
}

/** One answer for all who ask the same within a second. What fails is asked again. */
export class SharedAnswers {
  readonly #answers = new Map<string, { readonly at: number; readonly data: Promise<object> }>();

  of(key: string, now: number, read: () => Promise<object>): Promise<object> {
    const kept = this.#answers.get(key);
    if (kept && now - kept.at < KEPT_MS) return kept.data;
    for (const [old, { at }] of this.#answers)
      if (now - at >= KEPT_MS || this.#answers.size >= KEPT_MOST) this.#answers.delete(old);
    const data = read();
    this.#answers.set(key, { at: now, data });
    data.catch(() => this.#answers.delete(key));
    return data;
  }

  /** Somebody has changed something, and wants to see it. */
  clear(): void {
    this.#answers.clear();
  }
}

export function addPages(app: Express, from: PageSource, assets: Assets, answers: SharedAnswers): void {
  for (const page of PAGES as readonly AnyPage[]) addPage(app, page as unknown as ConsolePage<object>);
  for (const { path, read } of DOWNLOADS) {
    app.get(path, async (request, response) => {
      const { name, content } = await read(from, askedIn(request));
      response.type('application/octet-stream').set('X-Content-Type-Options', 'nosniff').attachment(name);
      if (content instanceof Uint8Array) response.end(content);
      else await pipeline(Readable.from(content), response);
    });
  }

  function addPage(app: Express, page: ConsolePage<object>): void {
    app.get(page.path, async (request, response) => {
      const asked = askedIn(request);
      const key = `${request.path}?${asked.query}`;
      const data = await answers.of(key, asked.now, () => page.read(from, asked)).catch(sayUnreadable);
      response.set('Cache-Control', 'no-store').vary('Accept');
      if (!wantsHtml(request)) return void response.type('json').end(visibleJson(JSON.stringify(data)));
      const { inbox } = await from.inbox.status();
      const view = viewOf(request, response, asked, inbox);
      const title = [page.title, page.subject?.(data)].filter(Boolean).join(' ');
      sendPage(request, response, assets, { path: page.path, title }, page.show(data, view));
    });
  }
}

/** What is not about the request is about the inbox, and its operator wants to know it. */
function sayUnreadable(error: Error): never {
  if (error instanceof PageError) throw error;
  throw new PageError(503, `that cannot be read now: ${redactText(error.message)}`);
}

function askedIn({ params, originalUrl }: Request): PageRequest {
  const query = new URL(originalUrl, 'http://console').searchParams;
  return { params: params as Record<string, string>, query, now: Date.now() };
}

function viewOf(request: Request, response: Response, { query, now }: PageRequest, inbox: string): View {
  return { link: linksFrom(request.path), may: personIn(response).may, query, now, inbox };
}

/** `page`: whose title it has, and where it is in the menu. */
export function sendPage(
  request: Request,
  response: Response,
  assets: Assets,
  page: { readonly path?: string; readonly title: string },
  content: Markup,
): void {
  const { may, who, mayLeave } = personIn(response);
  const refresh = Number(new URL(request.originalUrl, 'http://console').searchParams.get('refresh'));
  if (REFRESHES.includes(refresh)) response.set('Refresh', String(refresh));
  const isIn = may !== 'none';
  const menu = PAGES.flatMap(({ path, nav }) => (nav === undefined ? [] : [[path, nav] as const]));
  const current = menu.findLast(([path]) => page.path === path || page.path?.startsWith(`${path}/`));
  const frame = {
    ...{ assets, link: linksFrom(request.path), title: page.title, menu: isIn ? menu : [] },
    current: current?.[0],
    ...(isIn && { person: { name: who ?? 'console', mayAct: may === 'act', mayLeave } }),
    flash: takeFlash(request, response),
  };
  response.type('html').end(showFrame(frame, content));
}

/** For sayTitle. */
export function sendTitle(
  request: Request,
  response: Response,
  assets: Assets,
  status: number,
  title: string,
) {
  const link = linksFrom(request.path);
  response.status(status);
  sendPage(request, response, assets, { title: 'That cannot be done' }, showError(status, title, link));
}
