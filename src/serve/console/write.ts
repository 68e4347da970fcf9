/**
 * The form of a write: one row of operator-routes.ts, by a program as JSON or by a page as a form. A program is told what came of it; a
 * person goes on to a page that says so. app.ts has decided who may.
 */
import express, { type Express, type Request, type Response } from 'express';
import { redactText } from '../../base/log/redact.ts';
import type { Inbox } from '../../inbox/contract.ts';
import { setFlash } from './flash.ts';
import { linksFrom } from './links.ts';
import { personIn } from './page-routes.ts';
import { OTHER_INBOX, sayTitle } from './titles.ts';

export type Body = Readonly<Record<string, unknown>>;

export interface Write<Wish extends object, Result extends object> {
  readonly path: string;
  /** What is wrong with a body of which nothing can be read. */
  readonly wants: string;
  /** Undefined if it makes no sense, or in words why. */
  read(body: Body, who: string, id: number): Wish | string | undefined;
  act(wish: Wish): Promise<Result>;
  /** Left out where no page has a form for it. */
  readonly form?: WriteForm<Result>;
}

interface WriteForm<Result> {
  /** The body that the same order has as JSON; left out where that is the fields as they are. */
  read?(fields: Body): Body;
  /** In a sentence; `to` is a path of the console. */
  done(result: Result, fields: Body): { readonly says: string; readonly to: string };
}

const FORM_BODY_MOST = '1mb';

export function addWrite<Wish extends object, Result extends object>(
  app: Express,
  inbox: Inbox,
  write: Write<Wish, Result>,
): void {
  const readers = [
    express.json({ strict: true }),
    express.urlencoded({ extended: false, limit: FORM_BODY_MOST }),
  ];
  app.post(write.path, ...readers, (request, response) => carryOutWrite(write, inbox, request, response));
}

async function carryOutWrite<Wish extends object, Result extends object>(
  { wants, read, act, form }: Write<Wish, Result>,
  inbox: Inbox,
  request: Request,
  response: Response,
): Promise<void> {
  const fields: Body = request.body ?? {};
  const isForm = request.is('urlencoded') !== false && request.is('json') === false;
  if (isForm && !form) return sayTitle(response, 415, 'it is to be sent as JSON');
  const body = (isForm && form?.read?.(fields)) || fields;
  const { inbox: named } = body;
  const person = personIn(response).who ?? 'console';
  // Who has a session cannot be somebody else.
  const who = isForm ? person : readWho(body.who, person);
  const wish = typeof named === 'string' ? read(body, who, Number(request.params.id)) : undefined;
  if (wish === undefined || typeof wish === 'string') return sayTitle(response, 400, wish ?? wants);
  if ((await inbox.status()).inbox !== named) return sayTitle(response, 409, OTHER_INBOX);
  try {
    const result = await act(wish);
    if (!isForm || !form) return void response.json(result);
    const { says, to } = form.done(result, fields);
    setFlash(response, { isGood: true, says });
    response.redirect(303, linksFrom(request.path)(to));
  } catch (error) {
    sayTitle(response, 422, redactText((error as Error).message));
  }
}

const WHO_MAX = 64;

function readWho(who: unknown, otherwise: string): string {
  return typeof who === 'string' && who.length > 0 && who.length <= WHO_MAX ? who : otherwise;
}
