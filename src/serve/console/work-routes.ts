/**
 * What commands have the running service do to what is refused and to its files, as JSON:
 *
 *   POST /recheck   {"inbox","source"?,"ids"?,"byChecksOfNow"?,"toleranceSeconds"?} → [{"source","looked","accepted",
 *                   "passNowOnly"}], refused requests judged again
 *   POST /rescue    {"inbox","to"} → {}, the inbox at that path copied into that empty file
 *
 * Added by app.ts; operator-routes.ts has the other writes.
 */
import { resolve } from 'node:path';
import express, { type Express } from 'express';
import type { JudgingWish } from '../../inbox/refused/judging.ts';
import type { ConsoleOptions } from './app.ts';
import { OTHER_INBOX, sayTitle } from './titles.ts';

type WorkParts = Pick<ConsoleOptions, 'inbox' | 'inboxFile' | 'judgeRefusedAgain'>;

export function addWorkRoutes(app: Express, { inbox, inboxFile, judgeRefusedAgain }: WorkParts): void {
  app.post('/recheck', express.json({ strict: true }), async (request, response) => {
    const { inbox: named } = (request.body ?? {}) as { inbox?: unknown };
    if (typeof named !== 'string') return sayTitle(response, 400, 'a recheck names the inbox');
    if ((await inbox.status()).inbox !== named) return sayTitle(response, 409, OTHER_INBOX);
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
