/**
 * Prometheus metrics. Every label value comes from the configuration or a closed list: the number of series is bounded
 * whatever a sender invents.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Inbox, InboxStatus, SecretUse } from '../../inbox/contract.ts';
import type { Meter } from '../meter.ts';

export interface Metrics {
  readonly meter: Meter;
  /** The text format, with the inbox's present state. */
  render(inbox: Inbox): Promise<{ type: string; text: string }>;
}

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface MetricsOptions {
  readonly bytesInFlight: () => number;
  /** The alarms that are raised. */
  readonly alarms: () => readonly { readonly kind: string; readonly subject: string }[];
  /** How often each live secret has proved a request. */
  readonly uses: () => readonly Omit<SecretUse, 'lastAt'>[];
}

export function createMetrics({ bytesInFlight, alarms, uses }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'consignee_requests_total',
    help: 'Webhook requests by outcome; code names the check that refused or failed.',
    labelNames: ['source', 'outcome', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'consignee_request_duration_seconds',
    help: 'From the end of the headers to the answer.',
    labelNames: ['source', 'outcome'],
    buckets: BUCKETS_SECONDS,
    registers,
  });
  const attempts = new Counter({
    name: 'consignee_attempts_total',
    help: 'Runs of handlers by outcome.',
    labelNames: ['handler', 'outcome'],
    registers,
  });
  const replies = new Counter({
    name: 'consignee_replies_total',
    help: 'Calls of reply functions; all but the answered ones were answered as if there were none.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const proofs = new Counter({
    name: 'consignee_proofs_total',
    help: 'Checks that a secret proved, by the fingerprint of the secret.',
    labelNames: ['source', 'scheme', 'secret', 'form'],
    registers,
  });
  const observed = new Counter({
    name: 'consignee_would_refuse_total',
    help: 'Requests that a check would have refused, were it not only observed.',
    labelNames: ['source', 'scheme', 'code'],
    registers,
  });
  const resting = new Gauge({
    name: 'consignee_handler_resting',
    help: '1 while the handler gets nothing, or one event at a time, because the other side is down.',
    labelNames: ['handler'],
    registers,
  });
  const backlog = new Gauge({
    name: 'consignee_backlog_events',
    help: 'Events by handler and state: pending, handling, dead or held.',
    labelNames: ['handler', 'state'],
    registers,
  });
  const oldest = new Gauge({
    name: 'consignee_oldest_pending_seconds',
    help: 'Age of the oldest event that waits for a handler; 0 if none does.',
    registers,
  });
  const writes = new Gauge({
    name: 'consignee_inbox_takes_writes',
    help: '1 if events can be kept, else 0.',
    registers,
  });
  const inFlight = new Gauge({
    name: 'consignee_bytes_in_flight',
    help: 'Bytes of request bodies in memory.',
    registers,
  });
  const alarm = new Gauge({
    name: 'consignee_alarm',
    help: '1 while the alarm is raised; subject is a source, a handler or empty.',
    labelNames: ['kind', 'subject'],
    registers,
  });
  const meter: Meter = {
    request(source, outcome, code, ms) {
      requests.inc({ source, outcome, code });
      seconds.observe({ source, outcome }, ms / 1000);
    },
    attempt: (handler, outcome, count) => attempts.inc({ handler, outcome }, count),
    reply: (source, outcome) => replies.inc({ source, outcome }),
    // What passed is counted by `uses`: three labelled counters a request would cost as much as its signature.
    proof(source, { scheme, wouldRefuse }) {
      if (wouldRefuse !== undefined) observed.inc({ source, scheme, code: wouldRefuse });
    },
  };

  async function render(inbox: Inbox): Promise<{ type: string; text: string }> {
    writes.set(inbox.takesWrites() ? 1 : 0);
    inFlight.set(bytesInFlight());
    alarm.reset();
    for (const { kind, subject } of alarms()) alarm.set({ kind, subject }, 1);
    proofs.reset();
    for (const { source, scheme, secret, form, count } of uses()) {
      proofs.inc({ source, scheme, secret, form }, count);
    }
    showStatus(await inbox.status().catch(() => undefined));
    return { type: registry.contentType, text: await registry.metrics() };
  }

  /** Of an inbox that does not answer nothing is shown: everything else is worth knowing then more than ever. */
  function showStatus(status: InboxStatus | undefined): void {
    for (const gauge of [backlog, resting]) gauge.reset();
    oldest.remove();
    if (!status) return;
    for (const { handler, state, count } of status.backlog) backlog.set({ handler, state }, count);
    for (const handler of status.resting) resting.set({ handler }, 1);
    const { oldestPendingAt } = status;
    oldest.set(oldestPendingAt === null ? 0 : Math.max(0, Date.now() - oldestPendingAt) / 1000);
  }

  return { meter, render };
}
