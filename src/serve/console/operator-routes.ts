/**
 * What a person may have done to the inbox, over the console's port: each route reads a request, and passes it to the function
 * of ../../inbox/operator.ts that the commands use too. app.ts says what they look like. Every request that changes something
 * names the inbox that it means, and is JSON.
 */
import express, { type Express } from 'express';
import { redactText } from '../../base/log/redact.ts';
import type { Inbox } from '../../inbox/contract.ts';
import type { Order } from '../../inbox/order.ts';
import type { PauseOrder } from '../../inbox/pauses.ts';
import { OTHER_INBOX, sayTitle } from './titles.ts';

type Body = Readonly<Record<string, unknown>>;

interface Write<Wish> {
  readonly path: string;
  /** What is wrong with a body of which nothing can be read. */
  readonly wants: string;
  /** Undefined if it makes no sense. */
  read(body: Body, who: string): Wish | undefined;
  act(wish: Wish): Promise<object>;
}

export function addOperatorRoutes(
  app: Express,
  inbox: Inbox,
  isOurs: (named: string) => Promise<boolean>,
): void {
  const on = <Wish>({ path, wants, read, act }: Write<Wish>) => {
    app.post(path, express.json({ strict: true }), async (request, response) => {
      const body: Body = request.body ?? {};
      const { inbox: named, who } = body;
      const wish = typeof named === 'string' ? read(body, readWho(who)) : undefined;
      if (wish === undefined) return sayTitle(response, 400, wants);
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
}

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
