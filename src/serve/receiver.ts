/**
 * The composition root: introduces the rooms to each other, starts them in order and stops them in the other.
 *
 *   start   inbox ▶ handlers’ thread ▶ retention ▶ console ▶ first answers of DNS ▶ public port ▶ alarms
 *   stop    not ready ▶ delay ▶ public port ▶ handlers ▶ retention, alarms, console ▶ inbox
 */
import { dirname } from 'node:path';
import type { Problem } from '../base/errors.ts';
import { driverOf } from '../inbox/driver.ts';
import { InboxReading } from '../inbox/reading.ts';
import { startRetention } from '../inbox/retention.ts';
import { resolveClient } from '../verify/client-address.ts';
import type { Config } from './config/config.ts';
import { storedSourcesOf } from './config/stored-sources.ts';
import { startCounting } from './counting.ts';
import { createApp } from './http/app.ts';
import type { ConnectionLimits } from './http/connections.ts';
import { keepRefusals } from './http/refused.ts';
import { responder } from './http/respond.ts';
import { senderReader } from './http/senders.ts';
import { closeServer, createHttpServer, listen } from './http/server.ts';
import { KnownAddresses } from './known-addresses.ts';
import { createConsoleServer, type Service, type ServiceParts } from './operator-port.ts';
import { Rules } from './rules.ts';
import { rememberStart, type Starts } from './starts.ts';
import { startTelling } from './tally-book.ts';
import { openWork, replyOf, type WorkOptions } from './work.ts';

export interface Receiver {
  readonly port: number;
  readonly consolePort: number;
  readonly connections: ConnectionLimits;
  /** Puts another reading's secrets, tokens, lists and limits in force, whole, once its new host names are looked up. */
  reload(config: Config, warnings?: readonly Problem[]): Promise<void>;
  /** Resolves when the last answer is out and the inbox is closed. */
  stop(): Promise<void>;
}

/** Throws ConfigError if the inbox is owned by another service, or the system's error if a port is taken. */
export async function startReceiver(options: WorkOptions): Promise<Receiver> {
  const { config, role, log } = options;
  const { knobs } = config;
  const service: Service = { state: 'serving', startedAt: Date.now() };
  const rules = new Rules(config, log);
  rules.warnings = options.warnings ?? [];
  const known = new KnownAddresses((network) => work.refused.prove(network));
  const counting = startCounting(config, log, known, rules, () => work.refused.losses());
  const work = await openWork(options, { rules, known, meter: counting.meter });
  rules.keyFingerprints(await work.inbox.fingerprintKey());
  const starts = rememberStart(config, Date.now());
  const parts: ServiceParts = { ...options, rules, known, ...counting, ...work };
  const reading = new InboxReading(config.database, storedSourcesOf(config.sources));
  const publicServer = createPublicServer(parts, service);
  const { server: consoleServer, checklist } = createConsoleServer(parts, service, reading);

  const { inbox, refused, supervisor, watch } = parts;
  refused.proven().then((networks) => {
    for (const network of networks) known.remember(network);
  });
  await supervisor.start();
  const stopRetention =
    role === 'receive' ? () => {} : startRetention(inbox, config.retentionDays, knobs.identityDays, log);
  const consolePort = await listen(consoleServer, config.console.host, config.console.port);
  await rules.settled();
  const port = await listen(publicServer, config.host, config.port);
  // A restart is how most secrets are changed.
  work.judgeRefusedAgain().catch(() => {});
  startWatch(parts, starts);
  const stopTelling = startTelling(inbox, counting);

  async function stop(): Promise<void> {
    service.state = 'leaving';
    await new Promise((resolve) => setTimeout(resolve, config.shutdownDelayMs));
    const cut = setTimeout(() => {
      service.state = 'closed';
    }, knobs.shutdownGraceMs);
    await closeServer(publicServer, knobs.shutdownGraceMs);
    clearTimeout(cut);
    await supervisor.stop(knobs.shutdownGraceMs);
    rules.stop();
    stopRetention();
    watch.stop();
    consoleServer.closeAllConnections();
    await closeServer(consoleServer, 0);
    await stopTelling();
    checklist.close();
    reading.close();
    await refused.close();
    await inbox.close();
    starts.stop();
  }

  const connections = parts.connections.counts().limits;
  return { port, consolePort, connections, reload: (...changed) => reload(parts, ...changed), stop };
}

function createPublicServer(
  { config, role, log, rules, memory, connections, meter, known, inbox, refused, supervisor }: ServiceParts,
  service: Service,
) {
  const { knobs, production, requireHttps, trustProxy } = config;
  const app = createApp({
    sources: config.sources.map((source) => ({
      name: source.name,
      path: source.path,
      keepHeaders: source.keepHeaders,
      rules: () => rules.of(source.name),
      ...(source.replies && { reply: replyOf(source, supervisor) }),
    })),
    requireHttps,
    memory,
    isKnown: (source, address) => known.knows(source, address),
    ready: () => service.state === 'serving' && inbox.takesWrites(),
    stoppedTaking: () => service.state === 'closed' || role === 'dispatch',
    keep: (arrival) => inbox.keep(arrival),
    clientOf: resolveClient(trustProxy),
    responder: responder({
      production,
      retryAfterSeconds: knobs.retryAfterSeconds,
      log,
      meter,
      paths: config.sources.map(({ path }) => path),
      closing: () => service.state !== 'serving',
      learn: (source, address, at) => known.learn(source, address, at),
      readSender: senderReader({
        sources: config.sources,
        provingOf: (source) => rules.of(source).proving,
        isKnown: (source, address) => known.knows(source, address),
      }),
      keepRefusal: keepRefusals({
        sources: config.sources,
        rulesOf: (source) => rules.of(source),
        isProven: (source, address) => known.knows(source, address),
        store: refused,
      }),
    }),
  });
  return createHttpServer(app, { knobs, log, meter, connections });
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

async function reload(parts: ServiceParts, changed: Config, warnings: readonly Problem[] = []) {
  parts.rules.warnings = warnings;
  if (await parts.rules.replace(changed)) judgeSoon(parts);
  void parts.supervisor.refresh();
}

function judgeSoon({ rules, judgeRefusedAgain }: ServiceParts): void {
  const judge = () => judgeRefusedAgain().catch(() => {});
  judge();
  // A request that was refused a moment ago may still be on its way to the store.
  setTimeout(judge, rules.config.knobs.requestTimeoutMs).unref();
}
