/**
 * Carries out what an operator orders. An SQLite inbox has one owner: the running service is asked to, and if none runs, the
 * command is the owner for a moment.
 */

import { ConfigError } from '../base/errors.ts';
import type { Order } from '../inbox/contract.ts';
import { idOf } from '../inbox/event-id.ts';
import { connect } from '../inbox/postgres/connection.ts';
import { carryOutOrder } from '../inbox/postgres/orders.ts';
import { openInbox, takeOwnership } from '../inbox/sqlite/files.ts';
import { Store } from '../inbox/sqlite/store.ts';
import type { StoredSource } from '../inbox/stored-source.ts';
import type { Config } from '../serve/config/config.ts';

const CONSOLE_MS = 30_000;

export interface Result {
  readonly id: string;
  readonly changed: number;
  readonly error?: string;
}

export async function carryOut(config: Config, inbox: string, orders: readonly Order[]): Promise<Result[]> {
  const { database } = config;
  if (database.kind === 'postgres') return await carryOutThere(database.url, config, orders);
  try {
    const owner = takeOwnership(database.path);
    try {
      return carryOutHere(database.path, config, orders);
    } finally {
      owner.close();
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return await Promise.all(orders.map((order) => askService(config, inbox, order)));
  }
}

function carryOutHere(path: string, config: Config, orders: readonly Order[]): Result[] {
  const database = openInbox(path);
  try {
    const store = new Store(database, storedSources(config), config.knobs);
    return orders.map((order) => {
      try {
        return { id: idOf(order.event), changed: store.order(order, Date.now()) };
      } catch (error) {
        return refusal(order, error);
      }
    });
  } finally {
    database.close();
  }
}

/** In PostgreSQL nobody owns an inbox: whoever may write there may give orders, beside the replicas. */
async function carryOutThere(url: string, config: Config, orders: readonly Order[]): Promise<Result[]> {
  const client = await connect(url);
  try {
    const sources = storedSources(config);
    const results: Result[] = [];
    for (const order of orders) {
      results.push(
        await carryOutOrder(client, sources, order).then(
          (changed) => ({ id: idOf(order.event), changed }),
          (error) => refusal(order, error),
        ),
      );
    }
    return results;
  } finally {
    await client.end();
  }
}

function storedSources({ sources }: Config): Map<string, StoredSource> {
  return new Map(sources.map(({ name, preset, routes }) => [name, { shape: preset, routes }]));
}

function refusal({ event }: Order, error: unknown): Result {
  return { id: idOf(event), changed: 0, error: (error as Error).message };
}

async function askService(config: Config, inbox: string, order: Order): Promise<Result> {
  const id = idOf(order.event);
  const { status, answer } = await askConsole(config, '/orders', { inbox, ...order });
  const { changed = 0, title } = answer as { changed?: number; title?: string };
  if (status === 200) return { id, changed };
  return { id, changed: 0, error: title ?? `the service answered ${status}` };
}

/** Asks the running service at its console port. Status 0 and a title if it does not answer. */
export async function askConsole(config: Config, path: string, question: object) {
  const { host, port, tokens } = config.console;
  const address = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(tokens[0] === undefined ? {} : { Authorization: `Bearer ${tokens[0]}` }),
      },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(CONSOLE_MS),
    });
    return { status: response.status, answer: (await response.json()) as unknown };
  } catch {
    const title = `no service answers at ${url}: is it running, and are CONSOLE_HOST and CONSOLE_PORT its own?`;
    return { status: 0, answer: { title } };
  }
}
