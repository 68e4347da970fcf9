/**
 * Opens what keeps events and refused requests, and what hands events to the handlers; and says how the edge asks a source's
 * `reply` function, which runs where handlers do. Called by receiver.ts.
 */
import { type HandlerRunner, HandlersHere } from '../deliver/dispatch/here.ts';
import type { ReplyResult } from '../deliver/dispatch/reply.ts';
import { Supervisor } from '../deliver/dispatch/supervisor.ts';
import type { SupervisorOptions } from '../deliver/dispatch/threads.ts';
import { openInbox } from '../inbox/client.ts';
import type { Arrival, Kept } from '../inbox/contract.ts';
import { numberOf } from '../inbox/event-id.ts';
import { readContent } from '../inbox/identity.ts';
import { RefusedClient } from '../inbox/refused/client.ts';
import { type Judgement, judgeRequest } from '../inbox/refused/judgement.ts';
import { judgeInTurn } from '../inbox/refused/judging.ts';
import { shapeOf } from '../inbox/shape.ts';
import { writeAnswer } from '../verify/handshake-answers.ts';
import { arrivedKeeper } from './arrived.ts';
import { storedSourcesOf } from './config/config.ts';
import type { Knobs } from './config/knobs.ts';
import type { Settings } from './config/settings.ts';
import type { SourceConfig } from './config/source.ts';
import type { KnownAddresses } from './known-addresses.ts';
import { lateHandshakes } from './late-handshakes.ts';
import type { Meter } from './meter.ts';
import type { Rules } from './rules.ts';
import type { Role } from './status.ts';

/** What most presets have, who do not know better. */
const REPLY_WITHIN_MS = 2_500;

export interface WorkOptions
  extends Pick<SupervisorOptions, 'sources' | 'log' | 'logOptions' | 'output'>,
    Pick<Settings, 'config' | 'warnings' | 'environment'> {
  readonly role: Role;
  /** The module that handlers' threads import; undefined: handlers run in this process. */
  readonly wiring: string | undefined;
  /** Otherwise it is a part of somebody's application, which measures its process itself. */
  readonly isOwnProcess: boolean;
  /** Ends a start that waits for a database. */
  readonly signal: AbortSignal;
}

export type OpenedWork = Awaited<ReturnType<typeof openWork>>;

/** Throws ConfigError if another service owns the inbox. */
export async function openWork(
  options: WorkOptions,
  { rules, meter, known }: { rules: Rules; meter: Meter; known: KnownAddresses },
) {
  const { config, role, log, wiring, signal } = options;
  const { knobs, database } = config;
  const dispatches = role !== 'receive';
  const inbox = await openInbox({
    database,
    knobs,
    dispatches,
    sources: storedSourcesOf(config.sources),
    deadlineMs: knobs.inboxDeadlineMs,
    log,
    signal,
    onRestart: () => void supervisor.renew(),
  });
  const refused = new RefusedClient(config.refusedPath, knobs.refused, log);
  const keepArrived = arrivedKeeper(config.dataDir);
  const rulesOf = (source: string) => rules.find(source)?.handshake;
  const handshakeIn = lateHandshakes({ rulesOf, keepArrived, log });
  const judgeRefusedAgain = judgeInTurn(
    config.sources.map(({ name }) => name),
    {
      refused,
      verifiersOf: (source, toleranceSeconds) =>
        toleranceSeconds === undefined
          ? rules.of(source).verifiers
          : rules.verifiersWithin(source, toleranceSeconds),
      keep: (arrival) => inbox.keep(arrival),
      handshakeIn,
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
    return request && judgeRequest(request, rules.find(request.source)?.verifiers ?? [], handshakeIn);
  };
  const delivering = { ...options, inbox, dispatches, knobs, onAttempts: meter.attempt };
  const supervisor: HandlerRunner =
    wiring === undefined ? new HandlersHere(delivering) : new Supervisor({ ...delivering, wiring });
  return { inbox, refused, keepArrived, judgeRefusedAgain, judgeRefused, supervisor };
}

/** What the preset says about answers. A provider that is in a hurry is not kept waiting for the inbox either. */
export function presetAnswersOf(
  { preset }: Pick<SourceConfig, 'preset'>,
  { inboxDeadlineMs }: Pick<Knobs, 'inboxDeadlineMs'>,
) {
  const { answer, replyWithinMs } = preset;
  return {
    ...(answer && { answer: writeAnswer(answer) }),
    ...(replyWithinMs < REPLY_WITHIN_MS && { storeWithinMs: Math.min(replyWithinMs, inboxDeadlineMs) }),
  };
}

export interface ReplyOptions {
  /** How long the provider may be kept waiting, from the moment its request came in. */
  readonly withinMs: number;
  readonly ask: (arrival: Arrival, kept: Kept, withinMs: number) => Promise<ReplyResult>;
}

/** The function sees what a handler would see: the body is read here once more, since what was stored is in the inbox. */
export function replyOf({ name, preset }: SourceConfig, supervisor: HandlerRunner): ReplyOptions {
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
