/**
 * Puts together what is counted while the service runs, and who hears of it: memory and connections, metrics, the uses of
 * secrets, the tallies, the alarms. Called by receiver.ts before anything is opened.
 */
import type { Losses } from '../inbox/refused/losses.ts';
import { AlarmWatch } from './alarms/watch.ts';
import { createMetrics } from './console/metrics.ts';
import { DuplicateCounts } from './duplicate-counts.ts';
import { Connections } from './http/connections.ts';
import { BodyMemory } from './http/memory.ts';
import type { KnownAddresses } from './known-addresses.ts';
import { meterFor, SecretUses } from './meter.ts';
import type { Rules } from './rules.ts';
import { TallyBook } from './tally-book.ts';
import type { WorkOptions } from './work.ts';

export function startCounting(
  { config, log, isOwnProcess }: WorkOptions,
  known: KnownAddresses,
  rules: Rules,
  refusalsLost: () => readonly Losses[],
) {
  const { knobs, sources, trustProxy } = config;
  const memory = new BodyMemory({
    maxBytes: knobs.bytesInFlightMax,
    bodyBytesMax: Math.max(0, ...sources.map(({ bodyLimitBytes }) => bodyLimitBytes)),
    sources: sources.length,
  });
  const connections = new Connections({
    max: knobs.connectionsMax,
    trusted: trustProxy,
    isKnown: (address) => sources.some(({ name }) => known.knows(name, address)),
    log,
  });
  const handlers = sources.flatMap(({ routes }) => routes.map(({ handler }) => handler));
  const watch = new AlarmWatch(knobs.alarms, sources, handlers, log);
  const uses = new SecretUses();
  const tallies = new TallyBook();
  const duplicates = new DuplicateCounts();
  const wired = {
    sources: sources.map(({ name }) => name),
    replying: sources.filter(({ replies }) => replies).map(({ name }) => name),
    observed: sources.flatMap(({ name, observed }) => observed.map((scheme) => ({ source: name, scheme }))),
    handlers,
  };
  const present = () => ({
    bytesInFlight: memory.bytes,
    connections: connections.counts(),
    alarms: watch.raised(),
    uses: [...rules.possibleUses().map((use) => ({ ...use, count: 0 })), ...uses.all()],
    refusalsLost: refusalsLost(),
  });
  const metrics = createMetrics(wired, present, isOwnProcess);
  const listeners = [uses.listener, tallies.listener, duplicates.listener, watch.listener];
  const meter = meterFor([...metrics.listeners, ...listeners]);
  return { memory, connections, watch, uses, tallies, duplicates, metrics, meter };
}
