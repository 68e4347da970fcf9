/** Carries out what an operator orders: by the inbox's driver, or by the service that owns the inbox, which is asked to. */
import type { Order } from '../inbox/contract.ts';
import { driverOf } from '../inbox/driver.ts';
import { idOf } from '../inbox/event-id.ts';
import type { OrderResult } from '../inbox/order.ts';
import { shapeOf } from '../inbox/shape.ts';
import type { StoredSource } from '../inbox/stored-source.ts';
import type { Config } from '../serve/config/config.ts';
import { hostInUrl } from './terminal.ts';

const CONSOLE_MS = 30_000;

/** Rejects if the database cannot be reached. */
export async function giveOrders(config: Config, inbox: string, orders: readonly Order[]) {
  const results = await driverOf(config.database).carryOut(orders, storedSources(config));
  return results ?? (await Promise.all(orders.map((order) => askService(config, inbox, order))));
}

/** The sources as the inbox knows them. */
export function storedSources({ sources }: Config): Map<string, StoredSource> {
  return new Map(sources.map(({ name, preset, routes }) => [name, { shape: shapeOf(preset), routes }]));
}

async function askService(config: Config, inbox: string, order: Order): Promise<OrderResult> {
  const id = idOf(order.event);
  const { status, answer } = await askConsole(config, '/orders', { inbox, ...order });
  const { changed = 0, title } = answer as { changed?: number; title?: string };
  if (status === 200) return { id, changed };
  return { id, changed: 0, error: title ?? `the service answered ${status}` };
}

/** Asks the running service at its console port. Status 0 and a title if it does not answer. */
export async function askConsole(config: Config, path: string, question: object, withinMs = CONSOLE_MS) {
  const { host, port, tokens } = config.console;
  const [token] = tokens;
  const url = `http://${hostInUrl(host)}:${port}${path}`;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(withinMs),
    });
    return { status: response.status, answer: (await response.json()) as unknown };
  } catch {
    const title = `no service answers at ${url}: is it running, and are CONSOLE_HOST and CONSOLE_PORT its own?`;
    return { status: 0, answer: { title } };
  }
}
