/** What the operator's port is made of: the console, and where it finds how the service is. Called by receiver.ts. */
import { dirname } from 'node:path';
import { wiredHandlers } from '../deliver/handlers.ts';
import { driverOf } from '../inbox/driver.ts';
import type { InboxReading } from '../inbox/reading.ts';
import type { RefusedChoice } from '../inbox/refused/reader.ts';
import { Checklist } from './check/checklist.ts';
import { storedSourcesOf } from './config/config.ts';
import type { AccessDecision } from './console/access.ts';
import { createConsole } from './console/app.ts';
import type { startCounting } from './counting.ts';
import { Connections } from './http/connections.ts';
import { type App, createHttpServer } from './http/server.ts';
import type { KnownAddresses } from './known-addresses.ts';
import type { Rules } from './rules.ts';
import { readStatus, type StatusSource } from './status-reader.ts';
import type { OpenedWork, WorkOptions } from './work.ts';

/**
 * Once it leaves it is not ready any more. Once it closes, nothing more comes by another's server; what comes on the open
 * connections of its own ports is taken until it is closed.
 */
export type Service = { state: 'serving' | 'leaving' | 'closing' | 'closed'; readonly startedAt: number };

/** Everything that the servers and the watch are made of. */
export type ServiceParts = WorkOptions &
  ReturnType<typeof startCounting> &
  OpenedWork & { readonly rules: Rules; readonly known: KnownAddresses };

const CONSOLE_CONNECTIONS_MAX = 200;

export function statusSource(parts: ServiceParts, service: Service, reading: InboxReading): StatusSource {
  const { config, role, rules, watch, inbox, tallies } = parts;
  return {
    role,
    database: config.database,
    startedAt: service.startedAt,
    folder: dirname(config.refusedPath),
    sources: () => rules.config.sources,
    isReady: () => service.state === 'serving' && inbox.takesWrites(),
    alarms: () => watch.raised(),
    work: () => inbox.status(),
    standing: () => reading.standing(),
    untold: () => tallies.failure,
  };
}

/** The examination that a person asks for at the console. */
export function createChecklist(parts: ServiceParts, service: Service, reading: InboxReading): Checklist {
  const { rules } = parts;
  return new Checklist(
    () => ({ ...rules.readFrom, config: rules.config, problems: [] }),
    () => readStatus(statusSource(parts, service, reading)),
  );
}

/** The console of the running parts, for a port of its own or, with `access`, for somebody's own app. */
export function createConsoleApp(
  parts: ServiceParts,
  service: Service,
  about: { readonly reading: InboxReading; readonly checklist: Checklist; readonly access?: AccessDecision },
) {
  const { config, rules, metrics, inbox, refused, judgeRefusedAgain, judgeRefused } = parts;
  const discardRefused = (choice: RefusedChoice) => refused.discard(choice);
  const sources = storedSourcesOf(config.sources);
  const { file: inboxFile } = driverOf(config.database);
  const handlers = wiredHandlers(parts.sources, config.knobs);
  return createConsole({
    ...about,
    inbox,
    inboxFile,
    metrics,
    status: () => readStatus(statusSource(parts, service, about.reading)),
    config: () => rules.config,
    sources: () => sources,
    handlers: () => handlers,
    allowed: (source) => rules.allowed(source),
    refused: refused.reading,
    judge: judgeRefused,
    tokens: () => rules.consoleTokens,
    judgeRefusedAgain,
    discardRefused,
  });
}

export function createConsoleServer(app: App, { config: { knobs }, log, meter }: ServiceParts) {
  const connections = new Connections({ max: CONSOLE_CONNECTIONS_MAX, trusted: [], log });
  return createHttpServer(app, { knobs, log, meter, connections });
}
