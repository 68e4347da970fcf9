/**
 * The status of the service, for `status` and `check`: as the running service tells it, or, if none answers, as far as what is counted
 * in the inbox tells it, with the reason in words.
 */
import { dirname } from 'node:path';
import { driverOf } from '../inbox/driver.ts';
import type { InboxReader } from '../inbox/reader.ts';
import { readStanding } from '../inbox/standing.ts';
import type { Config } from '../serve/config/config.ts';
import { readDisk } from '../serve/disk.ts';
import { type ServiceStatus, type StatusFacts, statusOf } from '../serve/status.ts';
import { inboxPlace } from '../serve/status-reader.ts';
import { askConsole, consoleUrl } from './orders.ts';

/** Longer than the service itself waits for its inbox. */
const SERVICE_MS = 10_000;

export async function findStatus(config: Config): Promise<ServiceStatus> {
  const [asked, named] = await Promise.all([
    askForStatus(config),
    readFromInbox(config, (reader) => reader.id()),
  ]);
  if (typeof asked === 'string') return await statusWithout(config, asked);
  // In a container a path is another one, and an inbox whose file was deleted cannot be asked for its name.
  const isOurs =
    asked.service?.place === inboxPlace(config.database) || (named.isRead && asked.inbox === named.known);
  if (isOurs) return asked;
  return await statusWithout(config, `the service at ${consoleUrl(config)} has another inbox`);
}

/** As the service tells it; otherwise why it does not. */
async function askForStatus(config: Config): Promise<ServiceStatus | string> {
  const url = consoleUrl(config);
  if (config.console.port === 0) return 'CONSOLE_PORT is 0: set it to the port that the service’s log names';
  const { status, answer } = await askConsole(config, '/status', undefined, SERVICE_MS);
  if (status === 401 || status === 403)
    return `the console at ${url} does not take this CONSOLE_TOKEN (${status}): set the service’s own`;
  if (status === 0) return String((answer as { title: string }).title);
  const isStatus = status === 200 && Array.isArray((answer as Partial<ServiceStatus>).unknown);
  return isStatus ? (answer as ServiceStatus) : `what answers at ${url} is no Consignee, or an older one`;
}

async function statusWithout(config: Config, why: string): Promise<ServiceStatus> {
  const { known } = await readFromInbox(config, async (reader) => ({
    standing: await readStanding(reader, Date.now()),
    work: await reader.counts.work(),
  }));
  const disk = await readDisk(dirname(config.refusedPath)).catch((error: Error) => error.message);
  const told = typeof known === 'object' ? known : { standing: String(known), work: String(known) };
  return statusOf({ sources: config.sources, ...told, disk, why } satisfies StatusFacts);
}

/** `known`: what was read, or why nothing can be. */
async function readFromInbox<T>(
  { database }: Config,
  read: (reader: InboxReader) => Promise<T>,
): Promise<{ readonly known: T | string; readonly isRead: boolean }> {
  const driver = driverOf(database);
  let reader: InboxReader | undefined;
  try {
    reader = await driver.openReader();
    if (!reader) return { known: `there is no inbox at ${driver.place} yet`, isRead: false };
    return { known: await read(reader), isRead: true };
  } catch (error) {
    const { message } = error as Error;
    const isOld = /no such table|relation "\w+" does not exist/.test(message);
    const known = isOld
      ? 'the inbox is of an earlier release, which counted nothing: start the service once'
      : message;
    return { known, isRead: false };
  } finally {
    await reader?.close();
  }
}
