/**
 * What a person may have done to the inbox, over the console's port: each route reads a request, and passes it to the function
 * of ../../inbox/operator.ts that the commands use too. app.ts says what they look like. Every request that changes something
 * names the inbox that it means, and is JSON.
 */
import express, { type Express } from 'express';
import { redactText } from '../../base/log/redact.ts';
import { type ActionWish, flawInAction } from '../../inbox/actions.ts';
import type { Inbox } from '../../inbox/contract.ts';
import type { Order } from '../../inbox/order.ts';
import type { PauseOrder } from '../../inbox/pauses.ts';
import { isChoice, type RefusedChoice } from '../../inbox/refused/choice.ts';
import { readSelection } from './read-selection.ts';
import { OTHER_INBOX, sayTitle } from './titles.ts';

type Body = Readonly<Record<string, unknown>>;

interface Write<Wish extends object> {
  readonly path: string;
  /** What is wrong with a body of which nothing can be read. */
  readonly wants: string;
  /** Undefined if it makes no sense, or in words why. */
  read(body: Body, who: string, id: number): Wish | string | undefined;
  act(wish: Wish): Promise<object>;
}

interface OperatorRoutes {
  readonly inbox: Inbox;
  readonly isOurs: (named: string) => Promise<boolean>;
  readonly discardRefused: (choice: RefusedChoice) => Promise<number>;
}

export function addOperatorRoutes(app: Express, { inbox, isOurs, discardRefused }: OperatorRoutes): void {
  const on = <Wish extends object>({ path, wants, read, act }: Write<Wish>) => {
    app.post(path, express.json({ strict: true }), async (request, response) => {
      const body: Body = request.body ?? {};
      const { inbox: named, who } = body;
      const wish =
        typeof named === 'string' ? read(body, readWho(who), Number(request.params.id)) : undefined;
      if (wish === undefined || typeof wish === 'string') return sayTitle(response, 400, wish ?? wants);
      if (!(await isOurs(named as string))) return sayTitle(response, 409, OTHER_INBOX);
      try {
        response.json(await act(wish));
      } catch (error) {
        sayTitle(response, 422, redactText((error as Error).message));
      }
    });
  };
  on({
    path: '/orders',
    wants: 'an order names the inbox, an action and an event',
    read: readOrder,
    act: async (order) => ({ changed: await inbox.order(order) }),
  });
  on({
    path: '/pauses',
    wants: 'it takes the inbox, a verb (pause or resume), a name and, to pause, a reason',
    read: readPause,
    act: (order) => inbox.orderPause(order),
  });
  on({
    path: '/actions',
    wants: 'an action names the inbox, a verb (replay or discard) and a selection',
    read: readAction,
    act: ({ isDryRun, ...wish }) => (isDryRun ? countFor(inbox, wish) : inbox.startAction(wish)),
  });
  on({
    path: '/actions/:id/cancel',
    wants: 'it takes the inbox, and the number of an action in its path',
    read: (_body, who, id) => (Number.isSafeInteger(id) ? { id, who } : undefined),
    act: ({ id, who }) => inbox.cancelAction(id, who),
  });
  on({
    path: '/refused/discard',
    wants: 'it takes the inbox and at least one of source, code, address and ids',
    read: readChoice,
    async act({ who, ...choice }) {
      const changed = await discardRefused(choice);
      await inbox.noteAction({ who, verb: 'discard refused', about: choice, changed });
      return { discarded: changed };
    },
  });
  app.get('/actions', async (request, response) => {
    const limit = Number(request.query.limit ?? ACTIONS_SHOWN);
    if (!Number.isInteger(limit) || limit < 1 || limit > ACTIONS_MOST) {
      return sayTitle(response, 400, `limit is a whole number from 1 to ${ACTIONS_MOST}`);
    }
    response.json(await inbox.actions(limit));
  });
}

const ACTIONS_SHOWN = 20;
const ACTIONS_MOST = 1_000;
const WHO_MAX = 64;

/** A page of the console does not say who it is for. */
function readWho(who: unknown): string {
  return typeof who === 'string' && who.length > 0 && who.length <= WHO_MAX ? who : 'console';
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

function readChoice({ source, code, address, ids }: Body, who: string) {
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  const isOther = (value: unknown) => value !== undefined && !isText(value);
  if ([source, code, address].some(isOther)) return undefined;
  if (ids !== undefined && !(Array.isArray(ids) && ids.every(isText))) return undefined;
  const choice: RefusedChoice = {
    ...(isText(source) && { source }),
    ...(isText(code) && { code }),
    ...(isText(address) && { address }),
    ...(ids !== undefined && { ids }),
  };
  return isChoice(choice) ? { ...choice, who } : undefined;
}

/** In steps, between which the inbox has time for what comes in. */
async function countFor(inbox: Inbox, wish: ActionWish) {
  const flaw = flawInAction({ ...wish, found: 0 });
  if (flaw) throw new Error(`${wish.verb} ${flaw}`);
  const handlers = new Map<string, number>();
  let upTo = wish.upTo;
  for (let after: number | null = -1; after !== null; ) {
    const step = await inbox.countStep(
      { verb: wish.verb, selection: wish.selection, ...(upTo !== undefined && { upTo }) },
      after,
    );
    for (const [handler, count] of step.counts) handlers.set(handler, (handlers.get(handler) ?? 0) + count);
    ({ last: after, upTo } = step);
  }
  const found = [...handlers.values()].reduce((sum, count) => sum + count, 0);
  return { found, handlers: Object.fromEntries(handlers), upTo };
}
