/**
 * The composition root: introduces the rooms to each other, starts them in order and stops them in the other.
 *
 *   start   inbox ▶ handlers’ thread ▶ retention ▶ console ▶ public port
 *   stop    not ready ▶ delay ▶ public port ▶ handlers ▶ retention, console ▶ inbox
 */
import type { Config } from './config/config.ts';
import type { SourceConfig } from './config/source.ts';
import { createConsole } from './console/app.ts';
import { consoleGuard } from './console/guard.ts';
import { createMetrics } from './console/metrics.ts';
import { Postman } from './dispatch/postman.ts';
import { startRetention } from './dispatch/retention.ts';
import { createApp } from './http/app.ts';
import type { Budget } from './http/body.ts';
import type { ReceivingSource } from './http/receive.ts';
import { responder } from './http/respond.ts';
import { closeServer, createHttpServer, listen } from './http/server.ts';
import { numberOf } from './inbox/event-id.ts';
import { readContent } from './inbox/identity.ts';
import { openSqliteInbox } from './inbox/sqlite/client.ts';
import type { Arrival, Kept } from './inbox-contract.ts';
import type { LogOptions } from './observability/log.ts';
import type { Output } from './observability/output.ts';
import type { Log, Scheme, SourceWiring, Verifier } from './types.ts';
import { isLoopback } from './verification/address.ts';
import { resolveClient } from './verification/client-address.ts';
import { digestOf, equalsAny } from './verification/equal.ts';
import { hmac } from './verification/hmac.ts';
import { ipAllowlist } from './verification/ip-allowlist.ts';
import { jwt } from './verification/jwt.ts';
import { queryToken } from './verification/query-token.ts';

export interface ReceiverOptions {
  readonly config: Config;
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
  /** Resolves when the last answer is out and the inbox is closed. */
  stop(): Promise<void>;
}

/** Throws ConfigError if the inbox is owned by another service, or the system's error if a port is taken. */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { config, log, sources, wiring, logOptions, output } = options;
  const { knobs } = config;
  const budget: Budget = { max: knobs.bytesInFlightMax, inFlight: 0 };
  const metrics = createMetrics(() => budget.inFlight);
  const { meter } = metrics;
  let state: 'serving' | 'leaving' | 'closed' = 'serving';

  const inbox = await openSqliteInbox({
    path: config.inboxPath,
    cacheMb: knobs.inboxCacheMb,
    sources: new Map(config.sources.map((source) => [source.name, storedSource(source)])),
    deadlineMs: knobs.inboxDeadlineMs,
    log,
    onRestart: () => postman.renew(),
  });
  const postman = new Postman({ inbox, wiring, sources, knobs, log, logOptions, output, meter });
  const app = createApp({
    sources: config.sources.map((source) => ({
      ...receivingSource(source, config),
      ...(source.replies && {
        reply: { withinMs: source.preset.replyWithinMs, ask: askFor(source, postman) },
      }),
    })),
    requireHttps: config.requireHttps,
    budget,
    ready: () => state === 'serving' && inbox.takesWrites(),
    stoppedTaking: () => state === 'closed',
    keep: (arrival) => inbox.keep(arrival),
    clientOf: resolveClient(config.trustProxy),
    responder: responder({
      production: config.production,
      retryAfterSeconds: knobs.retryAfterSeconds,
      log,
      meter,
      closing: () => state !== 'serving',
    }),
  });
  const server = createHttpServer(app, { knobs, log, meter });
  const digests = config.console.tokens.map(digestOf);
  const guard = consoleGuard({
    isToken: digests.length > 0 ? (given) => equalsAny(given, digests) : undefined,
    isLoopback,
  });
  const consoleServer = createHttpServer(createConsole({ inbox, metrics, guard }), { knobs, log, meter });

  await postman.start();
  const stopRetention = startRetention(inbox, config.retentionDays, knobs.identityDays, log);
  const consolePort = await listen(consoleServer, config.console.host, config.console.port);
  const port = await listen(server, config.host, config.port);

  async function stop(): Promise<void> {
    state = 'leaving';
    await new Promise((resolve) => setTimeout(resolve, config.shutdownDelayMs));
    const cut = setTimeout(() => {
      state = 'closed';
    }, knobs.shutdownGraceMs);
    await closeServer(server, knobs.shutdownGraceMs);
    clearTimeout(cut);
    await postman.stop(knobs.shutdownGraceMs);
    stopRetention();
    consoleServer.closeAllConnections();
    await closeServer(consoleServer, 0);
    await inbox.close();
  }

  return { port, consolePort, stop };
}

function storedSource({ preset, routes }: SourceConfig) {
  const { id, type, cut } = preset;
  const shape = { id, type, ...(cut === undefined ? {} : { cut }) };
  return { shape, routes };
}

function receivingSource(source: SourceConfig, config: Config): ReceivingSource {
  const { name, path, bodyLimitBytes, prefix } = source;
  const offReason = `the source ${name} is off: set ${prefix}_WEBHOOK_SECRET, ${prefix}_WEBHOOK_TOKEN or ${prefix}_JWT_SECRET`;
  return { name, path, bodyLimitBytes, verifiers: verifiersOf(source, config), offReason };
}

/** The `reply` function sees what a handler would see: read here once more, since what was stored is in the inbox. */
function askFor({ name, preset }: SourceConfig, postman: Postman) {
  return (arrival: Arrival, kept: Kept, withinMs: number) => {
    const { isJson, type, externalId, stored: body } = readContent(name, preset, arrival.body);
    if (!isJson) return Promise.resolve({ outcome: 'none' as const });
    const event = numberOf(kept.id) as number;
    const { receivedAt, headers } = arrival;
    const about = { event, id: kept.id, handler: `${name}/reply`, attempt: 1, type, externalId };
    return postman.ask({ ...about, receivedAt, headers, body }, withinMs);
  };
}

/** What is set is checked, all of it, the cheap checks first. */
function verifiersOf(source: SourceConfig, { knobs }: Config): Verifier[] {
  const toleranceSeconds = knobs.timestampToleranceSeconds;
  const { allowFrom, tokens, hmacSecrets, jwtSecrets, allowSha1, preset } = source;
  const build: Record<Scheme, () => Verifier> = {
    ip: () => ipAllowlist(allowFrom),
    token: () => queryToken(tokens),
    hmac: () => hmac(preset.hmac, { secrets: hmacSecrets, allowSha1, toleranceSeconds }),
    jwt: () => jwt({ secrets: jwtSecrets, toleranceSeconds }),
  };
  return source.schemes.map((scheme) => build[scheme]());
}
