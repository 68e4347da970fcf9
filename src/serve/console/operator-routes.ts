/**
 * What a person may have done to the inbox, and to the service itself: each route reads a request, and passes it to the function of ../../inbox/operator.ts that
 * the commands use too. Every one names the inbox that it means: the console of another service may answer at the same place.
 *
 *   POST /orders    {"inbox","action":"replay"|"discard","event","handler"?} → {"changed": n}
 *   POST /actions   {"inbox","verb":"replay"|"discard","selection","found"?,"upTo"?,"who"?} → the action, which is carried
 *                   out from now on; with "dryRun" → {"found","handlers","upTo"}. A selection has the members of
 *                   inbox/selection.ts; what is done is replayed only with the `found` and `upTo` of a dry run
 *   POST /actions/<id>/cancel   {"inbox"} → the action
 *   POST /pauses    {"inbox","verb":"pause","name","reason","who"?} or {"inbox","verb":"resume","name","who"?} →
 *                   {"handlers","before"?,"endedRest"}; `name` is a handler or a target
 *   POST /rescue    {"inbox","to"} → {}, the inbox at that path copied into that empty file; JSON alone
 *   POST /checklist {"inbox"} → {"runningSince"}, a new examination, which goes on in the background
 *
 * A page's form has the same as fields: `form` of a row makes the JSON of them, and says where the person goes on.
 */
import { resolve } from 'node:path';
import express, { type Express } from 'express';
import { iso } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import { type ActionWish, countAction, flawInAction } from '../../inbox/actions.ts';
import type { Inbox } from '../../inbox/contract.ts';
import type { Order } from '../../inbox/order.ts';
import type { PauseOrder } from '../../inbox/pauses.ts';
import type { ConsoleOptions } from './app.ts';
import { ownPath } from './links.ts';
import { readSelection } from './selection-query.ts';
import { OTHER_INBOX, sayTitle } from './titles.ts';
import { addWrite, type Body, type Write } from './write.ts';

type OperatorParts = Pick<ConsoleOptions, 'inbox' | 'inboxFile' | 'checklist'>;

export function addOperatorRoutes(app: Express, parts: OperatorParts): void {
  const { inbox, checklist } = parts;
  const on = <Wish extends object, Result extends object>(write: Write<Wish, Result>) =>
    addWrite(app, inbox, write);
  on({
    path: '/orders',
    wants: 'an order names the inbox, an action and an event',
    read: readOrder,
    act: async (order) => ({ changed: await inbox.order(order) }),
    form: {
      read: (fields) => ({ ...fields, event: Number(fields.event) }),
      done: ({ changed }, { action, back }) => ({
        says: `${action === 'replay' ? 'Replayed' : 'Discarded'}: ${counted(changed, 'delivery', 'deliveries')}.`,
        to: ownPath(back, '/events'),
      }),
    },
  });
  on({
    path: '/pauses',
    wants: 'it takes the inbox, a verb (pause or resume), a name and, to pause, a reason',
    read: readPause,
    act: (order) => inbox.orderPause(order),
    form: {
      done: ({ handlers, endedRest }, { verb, name }) => ({
        says: `${verb === 'pause' ? 'Paused' : endedRest ? 'Tried now' : 'Resumed'}: ${handlers.join(', ') || String(name)}.`,
        to: '/handlers',
      }),
    },
  });
  on({
    path: '/actions',
    wants: 'an action names the inbox, a verb (replay or discard) and a selection',
    read: readAction,
    act: async ({ isDryRun, ...wish }): Promise<object> =>
      isDryRun ? await countFor(inbox, wish) : await inbox.startAction(wish),
    form: {
      read: ({ found, upTo, selection, ...fields }) => ({
        ...fields,
        selection: parsedOr(selection, undefined),
        ...{ found: Number(found), upTo: Number(upTo) },
      }),
      done: (action) => ({
        says: 'It has begun, and goes on in the background.',
        to: 'id' in action ? `/actions/${action.id}` : '/actions',
      }),
    },
  });
  on({
    path: '/actions/:id/cancel',
    wants: 'it takes the inbox, and the number of an action in its path',
    read: (_body, who, id) => (Number.isSafeInteger(id) ? { id, who } : undefined),
    act: ({ id, who }) => inbox.cancelAction(id, who),
    form: {
      done: ({ id }) => ({ says: 'Cancelled. What is changed already stays so.', to: `/actions/${id}` }),
    },
  });
  on({
    path: '/checklist',
    wants: 'it takes the inbox',
    read: () => ({}),
    async act() {
      void checklist.run();
      return { runningSince: iso(checklist.runningSince ?? Date.now()) };
    },
    form: {
      done: () => ({ says: 'The examination has begun.', to: '/checklist' }),
    },
  });
  addRescue(app, parts);
}

/** The value of a JSON text, of a form's field. */
function parsedOr(text: unknown, otherwise: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return otherwise;
  }
}

function readOrder({ action, event, handler }: Body, who: string): Order | undefined {
  if (!Number.isSafeInteger(event)) return undefined;
  if (action !== 'replay' && action !== 'discard') return undefined;
  const one = typeof handler === 'string' ? { handler } : {};
  return { action, event: event as number, ...one, who };
}

function readPause({ verb, name, reason }: Body, who: string): PauseOrder | undefined {
  if (typeof name !== 'string') return undefined;
  if (verb === 'resume') return { verb, name, who };
  const isSaid = typeof reason === 'string' && reason.trim() !== '';
  return verb === 'pause' && isSaid ? { verb, name, who, reason } : undefined;
}

function readAction({ verb, selection: given, upTo, found, dryRun = false }: Body, who: string) {
  if ((verb !== 'replay' && verb !== 'discard') || typeof dryRun !== 'boolean') return undefined;
  const selection = readSelection(given);
  if (typeof selection === 'string') return selection;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  if ((upTo !== undefined && !isCount(upTo)) || (found !== undefined && !isCount(found))) return undefined;
  const counted = { ...(upTo !== undefined && { upTo }), ...(found !== undefined && { found }) };
  return { verb, selection, who, isDryRun: dryRun, ...counted } as const;
}

async function countFor(inbox: Inbox, wish: ActionWish): Promise<object> {
  const flaw = flawInAction({ ...wish, found: 0 });
  if (flaw) throw new Error(`${wish.verb} ${flaw}`);
  const { who: _, ...counted } = wish;
  return (await countAction(counted, (asked, after) => inbox.countStep(asked, after))) as object;
}

/** A command asks for it that made the empty file: it runs on the same machine, and names the inbox by its path. */
function addRescue(app: Express, { inbox, inboxFile }: OperatorParts): void {
  app.post('/rescue', express.json({ strict: true }), async (request, response) => {
    const { inbox: path, to } = (request.body ?? {}) as Body;
    if (typeof path !== 'string' || typeof to !== 'string')
      return sayTitle(response, 400, 'a rescue names the file of the inbox, and an empty file');
    if (inboxFile === undefined || resolve(inboxFile) !== path) return sayTitle(response, 409, OTHER_INBOX);
    try {
      await inbox.copyTo(to);
      response.json({});
    } catch (error) {
      sayTitle(response, 422, (error as Error).message);
    }
  });
}
