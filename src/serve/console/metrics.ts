/** Prometheus metrics, made from the table in metric-rows.ts, and those of Node and the process beside them. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Inbox } from '../../inbox/contract.ts';
import { TIMES_SECONDS } from '../../inbox/tallies.ts';
import type { AddValue, Labels, MetricRow, Present, Wired } from './metric.ts';
import { METRIC_ROWS } from './metric-rows.ts';

/** `known` answers with what is known without asking the inbox. `isOwnProcess`: Node's metrics stand beside ours; nobody can stop them. */
export function createMetrics(
  wired: Wired,
  known: () => Omit<Present, 'takesWrites' | 'status'>,
  isOwnProcess = true,
) {
  const registry = new Registry();
  if (isOwnProcess) collectDefaultMetrics({ register: registry });
  const metrics = METRIC_ROWS.map((row) => ({ row, ...register(row, registry) }));
  const addSeries = ({ labels, series }: MetricRow, zero: (of: Labels) => void) => {
    for (const values of series?.(wired) ?? []) zero(labelled(labels, values));
  };
  for (const { row, zero } of metrics) if (!row.reads) addSeries(row, zero);

  /** The text format, with the inbox's present state. */
  async function render(inbox: Pick<Inbox, 'status' | 'takesWrites'>) {
    const status = await inbox.status().catch(() => undefined);
    const present: Present = { ...known(), takesWrites: inbox.takesWrites(), status };
    for (const { row, add, zero, clear } of metrics.filter(({ row: { reads } }) => reads)) {
      clear();
      const samples = row.reads?.(present);
      if (!samples) continue;
      addSeries(row, zero);
      for (const [value, ...values] of samples) add(labelled(row.labels, values), value);
    }
    return { type: registry.contentType, text: await registry.metrics() };
  }

  return { listeners: metrics.flatMap(({ row, add }) => row.hears?.(add) ?? []), render };
}

function labelled(names: readonly string[], values: readonly string[]): Labels {
  return Object.fromEntries(values.map((value, at) => [names[at], value]));
}

function register(
  { name, type, help, labels }: MetricRow,
  registry: Registry,
): { add: AddValue; zero: (of: Labels) => void; clear: () => void } {
  const options = { name, help, labelNames: labels, registers: [registry] };
  if (type === 'histogram') {
    const histogram = new Histogram({ ...options, buckets: [...TIMES_SECONDS] });
    return {
      add: (of, value) => histogram.observe(of, value),
      zero: (of) => histogram.zero(of),
      clear: () => histogram.reset(),
    };
  }
  const metric = type === 'counter' ? new Counter(options) : new Gauge(options);
  const clear = () => {
    metric.reset();
    // One without labels would be 0 now, which is a value like any other.
    if (labels.length === 0) metric.remove();
  };
  const add: AddValue = (of, value) =>
    metric instanceof Counter ? metric.inc(of, value) : metric.set(of, value);
  return { add, zero: (of) => add(of, 0), clear };
}
