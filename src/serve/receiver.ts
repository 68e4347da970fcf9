/**
 * The composition root: introduces the rooms to each other, starts them in order and stops them in the other.
 *
 *   start   inbox ▶ handlers’ thread ▶ retention ▶ console ▶ first answers of DNS ▶ public port ▶ alarms
 *   stop    not ready ▶ delay ▶ public port ▶ handlers ▶ retention, alarms, console ▶ inbox
 */
import { dirname } from 'node:path';
import { isLoopback } from '../base/address.ts';
import type { Log, LogOptions } from '../base/log/log.ts';
import type { Output } from '../base/log/output.ts';
import { Supervisor } from '../deliver/dispatch/supervisor.ts';
import type { SourceWiring } from '../deliver/handler.ts';
import { openInbox } from '../inbox/client.ts';
import type { Arrival, Kept } from '../inbox/contract.ts';
import { numberOf } from '../inbox/event-id.ts';
import { readContent } from '../inbox/identity.ts';
import { readPast } from '../inbox/past.ts';
import { judgeInTurn } from '../inbox/refused/judging.ts';
import { openKeeper } from '../inbox/refused/keeper.ts';
import { startRetention } from '../inbox/retention.ts';
import { credentialHeadersOf } from '../verify/checks.ts';
import { resolveClient } from '../verify/client-address.ts';
import { digestOfToken } from '../verify/query-token.ts';
import { AlarmWatch } from './alarms/watch.ts';
import { deliverAlarm } from './alarms/webhook.ts';
import type { Config } from './config/config.ts';
import type { SourceConfig } from './config/source.ts';
import { createConsole } from './console/app.ts';
import { consoleGuard } from './console/guard.ts';
import { createMetrics } from './console/metrics.ts';
import { createApp } from './http/app.ts';
import type { Budget } from './http/body.ts';
import { keepRefusals } from './http/refused.ts';
import { responder } from './http/respond.ts';
import { closeServer, createHttpServer, listen } from './http/server.ts';
import type { Meter } from './meter.ts';
import { Rules } from './rules.ts';
import { SecretUses } from './uses.ts';

/** What this process does of the work: with PostgreSQL, receiving and handling may be left to different ones. */
export type Role = 'both' | 'receive' | 'dispatch';

export interface ReceiverOptions {
  readonly config: Config;
  readonly role: Role;
  /** URL of the module that wires sources and handlers, and what it exports. */
  readonly wiring: string;
  readonly sources: readonly SourceWiring[];
  readonly log: Log;
  readonly logOptions: LogOptions;
  readonly output: Output;
}

export interface Receiver {
  readonly port: number;
  readonly consolePort: number;
  /** Puts another reading's secrets, tokens, lists and limits in force, whole, once its new host names are looked up. */
  reload(config: Config): Promise<void>;
  /** Resolves when the last answer is out and the inbox is closed. */
  stop(): Promise<void>;
}

const TELL_USES_MS = 5_000;

/** Throws ConfigError if the inbox is owned by another service, or the system's error if a port is taken. */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { config, role, log, sources, wiring, logOptions, output } = options;
  const { knobs, database } = config;
  const dispatches = role !== 'receive';
  const budget: Budget = { max: knobs.bytesInFlightMax, inFlight: 0 };
  const watch = new AlarmWatch(knobs.alarms, config.sources, log);
  const uses = new SecretUses();
  const metrics = createMetrics({
    bytesInFlight: () => budget.inFlight,
    alarms: () => watch.raised(),
    uses: () => uses.all(),
  });
  const meter: Meter = watch.overhear({
    ...metrics.meter,
    proof(source, proof) {
      metrics.meter.proof(source, proof);
      uses.note(source, proof, Date.now());
    },
  });
  let state: 'serving' | 'leaving' | 'closed' = 'serving';
  const rules = new Rules(config, log);

  const inbox = await openInbox({
    database,
    knobs,
    dispatches,
    sources: new Map(config.sources.map((source) => [source.name, storedSource(source)])),
    deadlineMs: knobs.inboxDeadlineMs,
    log,
    onRestart: () => supervisor.renew(),
  });
  const keeper = openKeeper(config.refusedPath, knobs.refused, log);
  const judgeRefusedAgain = judgeInTurn(
    config.sources.map(({ name }) => name),
    {
      keeper,
      verifiersOf: (source) => rules.of(source).verifiers,
      keep: (arrival) => inbox.keep(arrival),
      note: meter.proof,
      log,
    },
  );
  const supervisor = new Supervisor({
    inbox,
    dispatches,
    wiring,
    sources,
    knobs,
    log,
    logOptions,
    output,
    onAttempts: (handler, outcome, count) => meter.attempt(handler, outcome, count),
  });
  const app = createApp({
    sources: config.sources.map((source) => ({
      name: source.name,
      path: source.path,
      rules: () => rules.of(source.name),
      ...(source.replies && {
        reply: { withinMs: source.preset.replyWithinMs, ask: askFor(source, supervisor) },
      }),
    })),
    requireHttps: config.requireHttps,
    budget,
    ready: () => state === 'serving' && inbox.takesWrites(),
    stoppedTaking: () => state === 'closed' || role === 'dispatch',
    keep: (arrival) => inbox.keep(arrival),
    clientOf: resolveClient(config.trustProxy),
    responder: responder({
      production: config.production,
      retryAfterSeconds: knobs.retryAfterSeconds,
      log,
      meter,
      closing: () => state !== 'serving',
      keepRefusal: keepRefusals({
        budget,
        credentialHeaders: new Map(
          config.sources.map(({ name, preset }) => [name, credentialHeadersOf(preset)]),
        ),
        digestOfToken,
        keep: (request) => keeper.keep(request),
      }),
    }),
  });
  const server = createHttpServer(app, { knobs, log, meter });
  const guard = consoleGuard({
    isToken: config.console.tokens.length > 0 ? (given) => rules.isConsoleToken(given) : undefined,
    isLoopback,
  });
  const consoleServer = createHttpServer(createConsole({ inbox, metrics, guard, judgeRefusedAgain }), {
    knobs,
    log,
    meter,
  });

  await supervisor.start();
  const { retentionDays } = config;
  const stopRetention = dispatches ? startRetention(inbox, retentionDays, knobs.identityDays, log) : () => {};
  const consolePort = await listen(consoleServer, config.console.host, config.console.port);
  await rules.settled();
  const port = await listen(server, config.host, config.port);
  // A restart is how most secrets are changed.
  judgeRefusedAgain().catch(() => {});

  watch.start({
    inbox,
    receives: role !== 'dispatch',
    ...(database.kind === 'sqlite' && { inboxFolder: dirname(database.path) }),
    keeper,
    readPast: (from, until, signal) => readPast(database, from, until, signal),
    deliverAlarm,
    settings: () => rules.config,
  });
  const telling = setInterval(tellUses, TELL_USES_MS).unref();

  async function tellUses(): Promise<void> {
    const news = uses.tell();
    if (news.length > 0) await inbox.noteUses(news).catch(() => uses.untell(news));
  }

  async function stop(): Promise<void> {
    state = 'leaving';
    await new Promise((resolve) => setTimeout(resolve, config.shutdownDelayMs));
    const cut = setTimeout(() => {
      state = 'closed';
    }, knobs.shutdownGraceMs);
    await closeServer(server, knobs.shutdownGraceMs);
    clearTimeout(cut);
    await supervisor.stop(knobs.shutdownGraceMs);
    rules.stop();
    stopRetention();
    watch.stop();
    consoleServer.closeAllConnections();
    await closeServer(consoleServer, 0);
    clearInterval(telling);
    await tellUses();
    await keeper.close();
    await inbox.close();
  }

  async function reload(changed: Config): Promise<void> {
    if (!(await rules.replace(changed))) return;
    judgeRefusedAgain().catch(() => {});
    // What was refused by the old rules a moment ago may still be on its way.
    const once = () => judgeRefusedAgain().catch(() => {});
    setTimeout(once, knobs.requestTimeoutMs).unref();
  }

  return { port, consolePort, reload, stop };
}

function storedSource({ preset, routes }: SourceConfig) {
  const { id, type, cut } = preset;
  const shape = { id, type, ...(cut === undefined ? {} : { cut }) };
  return { shape, routes };
}

/** The `reply` function sees what a handler would see: read here once more, since what was stored is in the inbox. */
function askFor({ name, preset }: SourceConfig, supervisor: Supervisor) {
  return (arrival: Arrival, kept: Kept, withinMs: number) => {
    const { isJson, type, externalId, stored: body } = readContent(name, preset, arrival.body);
    if (!isJson) return Promise.resolve({ outcome: 'none' as const });
    const event = numberOf(kept.id) as number;
    const { receivedAt, headers } = arrival;
    const about = { event, id: kept.id, handler: `${name}/reply`, attempt: 1, type, externalId };
    return supervisor.ask({ ...about, receivedAt, headers, body }, withinMs);
  };
}
