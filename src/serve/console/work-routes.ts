/**
 * What is done to the service itself, and to its files:
 *
 *   POST /rescue      {"inbox","to"} → {}, the inbox at that path copied into that empty file; JSON alone
 *   POST /checklist   {"inbox"} → {"runningSince"}, a new examination, which goes on in the background
 *
 * Added by app.ts; operator-routes.ts and refused-routes.ts have the other writes.
 */
import { resolve } from 'node:path';
import express, { type Express } from 'express';
import { iso } from '../../base/times.ts';
import type { ConsoleOptions } from './app.ts';
import { OTHER_INBOX, sayTitle } from './titles.ts';
import { addWrite } from './write.ts';

type WorkParts = Pick<ConsoleOptions, 'inbox' | 'inboxFile' | 'checklist'>;

export function addWorkRoutes(app: Express, { inbox, inboxFile, checklist }: WorkParts): void {
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
  addWrite(app, inbox, {
    path: '/checklist',
    wants: 'it takes the inbox',
    read: () => ({}),
    async act() {
      void checklist.run();
      return { runningSince: iso(checklist.runningSince ?? Date.now()) };
    },
    form: {
      read: (fields) => fields,
      done: () => ({ says: 'The examination has begun.', to: '/checklist' }),
    },
  });
}
