/** Puts together what the running service counts, and who hears of it. Called by receiver.ts. */
import type { Log } from '../base/log/log.ts';
import { AlarmWatch } from './alarms/watch.ts';
import type { Config } from './config/config.ts';
import { createMetrics, type Metrics } from './console/metrics.ts';
import type { Budget } from './http/body.ts';
import { type Meter, meterFor } from './meter.ts';
import { SecretUses } from './uses.ts';

export interface Counting {
  readonly budget: Budget;
  readonly watch: AlarmWatch;
  readonly uses: SecretUses;
  readonly metrics: Metrics;
  readonly meter: Meter;
}

/** The order of the list is the order in which the listeners are told. */
export function startCounting({ knobs, sources }: Config, log: Log): Counting {
  const budget: Budget = { max: knobs.bytesInFlightMax, inFlight: 0 };
  const watch = new AlarmWatch(knobs.alarms, sources, log);
  const uses = new SecretUses();
  const metrics = createMetrics({
    wired: {
      sources: sources.map(({ name }) => name),
      replying: sources.filter(({ replies }) => replies).map(({ name }) => name),
      handlers: sources.flatMap(({ routes }) => routes.map(({ handler }) => handler)),
    },
    bytesInFlight: () => budget.inFlight,
    alarms: () => watch.raised(),
    uses: () => uses.all(),
  });
  const meter = meterFor([...metrics.listeners, uses.listener, watch.listener]);
  return { budget, watch, uses, metrics, meter };
}
