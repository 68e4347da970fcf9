/** How commands get at the inbox: to read it, and to have orders carried out, by themselves or by the service that owns it. */
import { userInfo } from 'node:os';
import type { ActionRecord } from '../inbox/actions.ts';
import { driverOf } from '../inbox/driver.ts';
import type { InboxWriter } from '../inbox/operator.ts';
import type { PauseResult } from '../inbox/pauses.ts';
import type { InboxReader } from '../inbox/reader.ts';
import { type Config, storedSourcesOf } from '../serve/config/config.ts';
import { hostInUrl } from './terminal.ts';

const CONSOLE_MS = 30_000;

/** The service keeps its own record. */
export type Orders = Omit<InboxWriter, 'noteAction'>;

/** `inbox`: its name, since another service may answer at the console's port. Rejects if the database cannot be reached. */
export async function openOrders(config: Config, inbox: string): Promise<Orders> {
  const writer = await driverOf(config.database).openWriter(storedSourcesOf(config.sources));
  return writer ?? serviceAsWriter(config, inbox);
}

/** What `read` finds in the inbox, which is closed then. Rejects if there is none yet. */
export async function readInbox<T>(
  { database }: Config,
  read: (reader: InboxReader) => Promise<T>,
): Promise<T> {
  const driver = driverOf(database);
  const reader = await driver.openReader();
  if (!reader) throw noInboxAt(driver.place);
  try {
    return await read(reader);
  } finally {
    await reader.close();
  }
}

export function noInboxAt(place: string): Error {
  return new Error(`there is no inbox at ${place} yet: it is made when the service first starts`);
}

/** Who gives the order, for the record. */
export function whoOrders(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container a user may have no name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

function serviceAsWriter(config: Config, inbox: string): Orders {
  async function ask<Answer>(path: string, question: object): Promise<Answer> {
    const { status, answer } = await askConsole(config, path, { inbox, ...question });
    if (status === 200) return answer as Answer;
    throw new Error((answer as { title?: string }).title ?? `the service answered ${status}`);
  }
  return {
    order: async (order) => (await ask<{ changed: number }>('/orders', order)).changed,
    orderPause: (order) => ask<PauseResult>('/pauses', order),
    startAction: (wish) => ask<ActionRecord>('/actions', wish),
    cancelAction: (id, who) => ask<ActionRecord>(`/actions/${id}/cancel`, { who }),
    // The service takes them.
    stepAction: async () => 'none',
    async close() {},
  };
}

/** Asks the running service at its console port; without a question it is a GET. Status 0 and a title if it does not answer. */
export async function askConsole(
  config: Config,
  path: string,
  question: object | undefined,
  withinMs = CONSOLE_MS,
) {
  const [token] = config.console.tokens;
  const url = `${consoleUrl(config)}${path}`;
  try {
    const response = await fetch(url, {
      method: question ? 'POST' : 'GET',
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      ...(question && { body: JSON.stringify(question) }),
      signal: AbortSignal.timeout(withinMs),
    });
    return { status: response.status, answer: (await response.json()) as unknown };
  } catch {
    const title = `no service answers at ${url}: is it running, and are CONSOLE_HOST and CONSOLE_PORT its own?`;
    return { status: 0, answer: { title } };
  }
}

export function consoleUrl({ console: { host, port } }: Config): string {
  return `http://${hostInUrl(host)}:${port}`;
}
