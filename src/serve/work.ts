/** Opens what keeps events and refused requests, and what hands events to the handlers. Called by receiver.ts. */
import type { Log, LogOptions, Output } from '../base/log/log.ts';
import { Supervisor } from '../deliver/dispatch/supervisor.ts';
import type { SourceWiring } from '../deliver/handler.ts';
import { openInbox } from '../inbox/client.ts';
import { RefusedClient } from '../inbox/refused/client.ts';
import { judgeInTurn } from '../inbox/refused/judging.ts';
import type { Config } from './config/config.ts';
import type { SourceConfig } from './config/source.ts';
import type { Counting } from './counting.ts';
import type { Rules } from './rules.ts';

/** The part of the work that this process does: with PostgreSQL, different processes may receive and handle. */
export type Role = 'both' | 'receive' | 'dispatch';

export interface WorkOptions {
  readonly config: Config;
  readonly role: Role;
  /** URL of the module that wires sources and handlers, and what it exports. */
  readonly wiring: string;
  readonly sources: readonly SourceWiring[];
  readonly log: Log;
  readonly logOptions: LogOptions;
  readonly output: Output;
}

export type OpenedWork = Awaited<ReturnType<typeof openWork>>;

/** Throws ConfigError if another service owns the inbox. */
export async function openWork(options: WorkOptions, rules: Rules, { meter }: Counting) {
  const { config, role, log, sources, wiring, logOptions, output } = options;
  const { knobs, database } = config;
  const dispatches = role !== 'receive';
  const inbox = await openInbox({
    database,
    knobs,
    dispatches,
    sources: new Map(config.sources.map((source) => [source.name, storedSource(source)])),
    deadlineMs: knobs.inboxDeadlineMs,
    log,
    onRestart: () => supervisor.renew(),
  });
  const refused = new RefusedClient(config.refusedPath, knobs.refused, log);
  const judgeRefusedAgain = judgeInTurn(
    config.sources.map(({ name }) => name),
    {
      refused,
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
    onAttempts: meter.attempt,
  });
  return { inbox, refused, judgeRefusedAgain, supervisor };
}

function storedSource({ preset, routes }: SourceConfig) {
  const { id, type, cut } = preset;
  const shape = { id, type, ...(cut === undefined ? {} : { cut }) };
  return { shape, routes };
}
