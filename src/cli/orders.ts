/** Carries out what an operator orders: by the running service if there is one, else as the inbox's owner for a moment. */
import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import { idOf } from '../inbox/event-id.ts';
import { openInbox, takeOwnership } from '../inbox/sqlite/files.ts';
import { Store } from '../inbox/sqlite/store.ts';
import type { Order } from '../inbox-contract.ts';

const CONSOLE_MS = 30_000;

export interface Result {
  readonly id: string;
  readonly changed: number;
  readonly error?: string;
}

export async function carryOut(config: Config, inbox: string, orders: readonly Order[]): Promise<Result[]> {
  try {
    const owner = takeOwnership(config.inboxPath);
    try {
      return carryOutHere(config, orders);
    } finally {
      owner.close();
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return await Promise.all(orders.map((order) => askService(config, inbox, order)));
  }
}

function carryOutHere(config: Config, orders: readonly Order[]): Result[] {
  const database = openInbox(config.inboxPath);
  try {
    const sources = config.sources.map(
      ({ name, preset, routes }) => [name, { shape: preset, routes }] as const,
    );
    const store = new Store(database, new Map(sources));
    return orders.map((order) => {
      try {
        return { id: idOf(order.event), changed: store.order(order, Date.now()) };
      } catch (error) {
        return { id: idOf(order.event), changed: 0, error: (error as Error).message };
      }
    });
  } finally {
    database.close();
  }
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
