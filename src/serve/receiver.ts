/**
 * The composition root: introduces the rooms to each other, starts them in order and stops them in the other.
 *
 *   start   inbox ▶ handlers ▶ retention ▶ first answers of DNS ▶ alarms; ports open when they are asked for
 *   stop    not ready ▶ delay ▶ public ports, and what came by another's server ▶ handlers ▶ retention, alarms, console ▶ inbox
 */
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inbox } from '../inbox/contract.ts';
import { driverOf } from '../inbox/driver.ts';
import { InboxReading } from '../inbox/reading.ts';
import { startRetention } from '../inbox/retention.ts';
import { storedSourcesOf } from './config/config.ts';
import type { Settings } from './config/settings.ts';
import type { AccessDecision } from './console/access.ts';
import { startCounting } from './counting.ts';
import type { ConnectionLimits } from './http/connections.ts';
import { MountedApp } from './http/mounted.ts';
import { type App, closeServer, createHttpServer, listen } from './http/server.ts';
import { KnownAddresses } from './known-addresses.ts';
import {
  createChecklist,
  createConsoleApp,
  createConsoleServer,
  type Service,
  type ServiceParts,
  statusSource,
} from './operator-port.ts';
import { createPublicApp } from './public-app.ts';
import { Rules } from './rules.ts';
import { rememberStart, type Starts } from './starts.ts';
import type { ServiceStatus } from './status.ts';
import { readStatus } from './status-reader.ts';
import { startTelling } from './tally-book.ts';
import { openWork, type WorkOptions } from './work.ts';

/** Where a port opens. `port` 0 takes a free one. */
interface PortPlace {
  readonly host: string;
  readonly port: number;
}

export interface Receiver {
  readonly inbox: Inbox;
  readonly reading: InboxReading;
  readonly connections: ConnectionLimits;
  /** Takes requests of a server that is somebody else's. */
  readonly handle: App;
  /** Opens a public port; resolves with its number. Rejects with the system's error if it is taken. */
  listen(at: PortPlace): Promise<number>;
  openConsole(at: PortPlace): Promise<number>;
  /** The console, with `access` to be mounted in somebody's own app. */
  consoleApp(access?: AccessDecision): App;
  isReady(): boolean;
  status(): Promise<ServiceStatus>;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
  /** Puts another reading's secrets, tokens, lists and limits in force, whole, once its new host names are looked up. */
  reload(settings: Settings): Promise<void>;
  /** Resolves when the last answer is out and the inbox is closed. */
  stop(delayMs: number, graceMs: number): Promise<void>;
}

/** Throws ConfigError if the inbox is owned by another service; nothing is left open then. */
export async function startReceiver(options: WorkOptions): Promise<Receiver> {
  const opened = new AsyncDisposableStack();
  try {
    return await openReceiver(options, opened);
  } catch (error) {
    await opened.disposeAsync().catch(() => {});
    throw error;
  }
}

/** What is opened last is closed first. */
async function openReceiver(options: WorkOptions, opened: AsyncDisposableStack): Promise<Receiver> {
  const { config, role, log } = options;
  const service: Service = { state: 'serving', startedAt: Date.now() };
  const rules = opened.adopt(new Rules(options), (held) => held.stop());
  const known = new KnownAddresses((network) => work.refused.prove(network));
  const counting = startCounting(options, known, rules, () => work.refused.losses());
  const work = await openWork(options, { rules, known, meter: counting.meter });
  const { inbox, refused, supervisor } = work;
  const starts = rememberStart(config, Date.now());
  opened.defer(() => starts.stop());
  opened.defer(() => inbox.close());
  opened.defer(() => refused.close());
  rules.keyFingerprints(await inbox.fingerprintKey());
  const parts: ServiceParts = { ...options, rules, known, ...counting, ...work };
  const sources = storedSourcesOf(config.sources);
  const reading = opened.adopt(new InboxReading(config.database, sources), (held) => held.close());
  opened.defer(startTelling(inbox, counting));
  const checklist = opened.adopt(createChecklist(parts, service, reading), (held) => held.close());
  const consoles = opened.adopt(new Set<Server>(), closeAtOnce);
  opened.defer(() => counting.watch.stop());
  let graceMs = 0;
  opened.defer(() => supervisor.stop(graceMs));

  refused.proven().then((networks) => {
    for (const network of networks) known.remember(network);
  });
  await supervisor.start();
  if (role !== 'receive')
    opened.defer(startRetention(inbox, config.retentionDays, config.knobs.identityDays, log));
  await rules.settled();
  // A restart is how most secrets are changed.
  work.judgeRefusedAgain().catch(() => {});
  startWatch(parts, starts);
  const ports = new Set<Server>();
  const isClosing = () => service.state === 'closing' || service.state === 'closed';
  let ownApp: App | undefined;
  const mounted = new MountedApp(() => createPublicApp(parts, service, isClosing), log);
  const consoleApp = (access?: AccessDecision) =>
    createConsoleApp(parts, service, { reading, checklist, ...(access && { access }) });

  return {
    inbox,
    reading,
    connections: parts.connections.counts().limits,
    handle: mounted.take,
    listen(at) {
      ownApp ??= createPublicApp(parts, service, () => service.state === 'closed');
      return open(createHttpServer(ownApp, { ...parts, knobs: config.knobs }), at, ports);
    },
    openConsole: (at) => open(createConsoleServer(consoleApp(), parts), at, consoles),
    consoleApp,
    isReady: () => service.state === 'serving' && inbox.takesWrites(),
    status: () => readStatus(statusSource(parts, service, reading)),
    metrics: async () => (await counting.metrics.render(inbox)).text,
    reload: (changed) => reload(changed, parts),
    async stop(delayMs, grace) {
      service.state = 'leaving';
      graceMs = grace;
      await sleep(delayMs);
      service.state = 'closing';
      const cut = setTimeout(() => {
        service.state = 'closed';
      }, graceMs);
      const closing = [...ports].map((server) => closeServer(server, graceMs));
      await Promise.all([...closing, mounted.finish(graceMs)]);
      clearTimeout(cut);
      await opened.disposeAsync();
    },
  };
}

async function open(server: Server, { host, port }: PortPlace, among: Set<Server>): Promise<number> {
  const number = await listen(server, host, port);
  among.add(server);
  return number;
}

async function closeAtOnce(servers: ReadonlySet<Server>): Promise<void> {
  for (const server of servers) server.closeAllConnections();
  await Promise.all([...servers].map((server) => closeServer(server, 0)));
}

function startWatch(parts: ServiceParts, { crashes }: Starts): void {
  const { config, role, rules, watch, known, inbox, refused, supervisor } = parts;
  const { file, isShared, readPast } = driverOf(config.database);
  watch.start({
    inbox,
    receives: role !== 'dispatch',
    dispatches: role !== 'receive',
    ...(file !== undefined && { inboxFolder: dirname(file) }),
    refused,
    refusedDays: config.knobs.refused.days,
    supervisor,
    crashes,
    isShared,
    readPast: async (from, until, signal) => {
      const past = await readPast(from, until, signal);
      for (const { source, address, at } of past.toReversed()) known.learn(source, address, at);
      return past;
    },
    settings: () => rules.config,
    // What a wrong clock refused may be right by the one of now.
    onClockSet: () => judgeSoon(parts),
  });
}

async function reload(changed: Settings, parts: ServiceParts): Promise<void> {
  if (await parts.rules.replace(changed)) judgeSoon(parts);
  void parts.supervisor.refresh();
}

function judgeSoon({ rules, judgeRefusedAgain }: ServiceParts): void {
  const judge = () => judgeRefusedAgain().catch(() => {});
  judge();
  // A request that was refused a moment ago may still be on its way to the store.
  setTimeout(judge, rules.config.knobs.requestTimeoutMs).unref();
}
