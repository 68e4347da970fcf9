/**
 * Opens what keeps events and refused requests, and what hands events to the handlers; and says how the edge asks a source's
 * `reply` function, which runs in the handlers' thread. Called by receiver.ts.
 */
import type { Problem } from '../base/errors.ts';
import { Supervisor } from '../deliver/dispatch/supervisor.ts';
import type { SupervisorOptions } from '../deliver/dispatch/threads.ts';
import { openInbox } from '../inbox/client.ts';
import { numberOf } from '../inbox/event-id.ts';
import { readContent } from '../inbox/identity.ts';
import { RefusedClient } from '../inbox/refused/client.ts';
import { type Judgement, judgeInTurn, judgeRequest } from '../inbox/refused/judging.ts';
import { shapeOf } from '../inbox/shape.ts';
import type { Config } from './config/config.ts';
import type { SourceConfig } from './config/source.ts';
import { storedSourcesOf } from './config/stored-sources.ts';
import type { ReplyOptions } from './http/receive.ts';
import type { KnownAddresses } from './known-addresses.ts';
import type { Meter } from './meter.ts';
import type { Rules } from './rules.ts';

/** The part of the work that this process does: with PostgreSQL, different processes may receive and handle. */
export type Role = 'both' | 'receive' | 'dispatch';

export interface WorkOptions
  extends Pick<SupervisorOptions, 'wiring' | 'sources' | 'log' | 'logOptions' | 'output'> {
  readonly config: Config;
  readonly role: Role;
  /** What the settings have been warned of, for the checklist. */
  readonly warnings?: readonly Problem[];
}

export type OpenedWork = Awaited<ReturnType<typeof openWork>>;

/** Throws ConfigError if another service owns the inbox. */
export async function openWork(
  options: WorkOptions,
  { rules, meter, known }: { rules: Rules; meter: Meter; known: KnownAddresses },
) {
  const { config, role, log } = options;
  const { knobs, database } = config;
  const dispatches = role !== 'receive';
  const inbox = await openInbox({
    database,
    knobs,
    dispatches,
    sources: storedSourcesOf(config.sources),
    deadlineMs: knobs.inboxDeadlineMs,
    log,
    onRestart: () => void supervisor.renew(),
  });
  const refused = new RefusedClient(config.refusedPath, knobs.refused, log);
  const judgeRefusedAgain = judgeInTurn(
    config.sources.map(({ name }) => name),
    {
      refused,
      verifiersOf: (source, toleranceSeconds) =>
        toleranceSeconds === undefined
          ? rules.of(source).verifiers
          : rules.verifiersWithin(source, toleranceSeconds),
      keep: (arrival) => inbox.keep(arrival),
      note({ source, address, receivedAt }, proofs) {
        // What was signed then says nothing about the clock of now.
        for (const { signature: _, ...proof } of proofs) meter.proof(source, proof);
        known.learn(source, address, receivedAt);
      },
      log,
    },
  );
  const judgeRefused = async (id: string): Promise<Judgement | undefined> => {
    const request = await refused.reading.ask('request', id);
    // It may be of a source that there was before the start.
    return request && judgeRequest(request, rules.find(request.source)?.verifiers ?? []);
  };
  const supervisor = new Supervisor({ ...options, inbox, dispatches, knobs, onAttempts: meter.attempt });
  return { inbox, refused, judgeRefusedAgain, judgeRefused, supervisor };
}

/** The function sees what a handler would see: the body is read here once more, since what was stored is in the inbox. */
export function replyOf({ name, preset }: SourceConfig, supervisor: Supervisor): ReplyOptions {
  const shape = shapeOf(preset);
  return {
    withinMs: preset.replyWithinMs,
    ask(arrival, kept, withinMs) {
      const { isReadable, type, externalId, stored: body } = readContent(name, shape, arrival.body, arrival);
      if (!isReadable) return Promise.resolve({ outcome: 'none' });
      const event = numberOf(kept.id) as number;
      const { receivedAt, headers } = arrival;
      const about = { event, id: kept.id, handler: `${name}/reply`, attempt: 1, type, externalId };
      return supervisor.ask({ ...about, receivedAt, headers, body }, withinMs);
    },
  };
}
