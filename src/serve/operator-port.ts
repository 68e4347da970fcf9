/** What the operator's port is made of: the console, and where it finds how the service is. Called by receiver.ts. */
import { dirname } from 'node:path';
import { wiredHandlers } from '../deliver/handlers.ts';
import { driverOf } from '../inbox/driver.ts';
import type { InboxReading } from '../inbox/reading.ts';
import type { RefusedChoice } from '../inbox/refused/choice.ts';
import { Checklist } from './check/checklist.ts';
import { storedSourcesOf } from './config/stored-sources.ts';
import { createConsole } from './console/app.ts';
import type { startCounting } from './counting.ts';
import { Connections } from './http/connections.ts';
import { createHttpServer } from './http/server.ts';
import type { KnownAddresses } from './known-addresses.ts';
import type { Rules } from './rules.ts';
import { readStatus, type StatusSource } from './status-reader.ts';
import type { OpenedWork, WorkOptions } from './work.ts';

/** Once it leaves it is not ready any more; once it is closed it takes nothing more. */
export type Service = { state: 'serving' | 'leaving' | 'closed'; readonly startedAt: number };

/** Everything that the servers and the watch are made of. */
export type ServiceParts = WorkOptions &
  ReturnType<typeof startCounting> &
  OpenedWork & { readonly rules: Rules; readonly known: KnownAddresses };

const CONSOLE_CONNECTIONS_MAX = 200;

function statusSource(parts: ServiceParts, service: Service, reading: InboxReading): StatusSource {
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

export function createConsoleServer(parts: ServiceParts, service: Service, reading: InboxReading) {
  const { config, log, rules, metrics, meter, inbox, refused, judgeRefusedAgain, judgeRefused } = parts;
  const discardRefused = (choice: RefusedChoice) => refused.discard(choice);
  const { knobs } = config;
  const sources = storedSourcesOf(config.sources);
  const { file: inboxFile } = driverOf(config.database);
  const status = () => readStatus(statusSource(parts, service, reading));
  const checklist = new Checklist(
    () => ({ config: rules.config, problems: [], warnings: rules.warnings, environment: process.env }),
    status,
  );
  const handlers = wiredHandlers(parts.sources, knobs);
  const app = createConsole({
    inbox,
    inboxFile,
    metrics,
    status,
    reading,
    config: () => rules.config,
    sources: () => sources,
    handlers: () => handlers,
    allowed: (source) => rules.allowed(source),
    refused: refused.reading,
    judge: judgeRefused,
    checklist,
    tokens: () => rules.consoleTokens,
    judgeRefusedAgain,
    discardRefused,
  });
  const connections = new Connections({ max: CONSOLE_CONNECTIONS_MAX, trusted: [], log });
  return { server: createHttpServer(app, { knobs, log, meter, connections }), checklist };
}
