/**
 * Every metric there is, one row each: docs/operating.md has the same rows for people, which a test compares. For app.ts.
 *
 * Every label value comes from the configuration or a closed list: the number of series is bounded whatever a sender invents.
 */
import { VERSION } from '../../base/version.ts';
import { ATTEMPT_OUTCOMES } from '../../inbox/event-states.ts';
import { LOSS_REASONS } from '../../inbox/refused/losses.ts';
import { REFUSALS } from '../../verify/refusals.ts';
import { NO_SOURCE, outcomeOfRefusal, REPLY_OUTCOMES, REQUEST_OUTCOMES } from '../meter.ts';
import { alarmSeries, eachPair, type MetricRow } from './metric.ts';

const CODES = Object.keys(REFUSALS) as (keyof typeof REFUSALS)[];
const BACKLOG_STATES = ['pending', 'handling', 'dead', 'held'];

export const METRIC_ROWS: readonly MetricRow[] = [
  {
    name: 'consignee_build_info',
    type: 'gauge',
    help: 'Always 1; version is that of Consignee.',
    labels: ['version'],
    reads: () => [[1, VERSION]],
  },
  {
    name: 'consignee_requests_total',
    type: 'counter',
    help: 'Webhook requests by outcome; code names the check that refused or failed.',
    labels: ['source', 'outcome', 'code'],
    series: ({ sources }) => [
      ...eachPair(sources, ['accepted', 'duplicate', 'held', 'handshake']).map(([source, outcome]) => [
        source,
        outcome,
        '',
      ]),
      ...eachPair([...sources, NO_SOURCE], CODES).map(([source, code]) => [
        source,
        outcomeOfRefusal(code),
        code,
      ]),
    ],
    hears: (add) => ({ request: (source, outcome, code) => add({ source, outcome, code }, 1) }),
  },
  {
    name: 'consignee_request_duration_seconds',
    type: 'histogram',
    help: 'From the end of the headers to the answer.',
    labels: ['source', 'outcome'],
    series: ({ sources }) => [
      ...eachPair(sources, REQUEST_OUTCOMES),
      ...eachPair([NO_SOURCE], ['refused', 'failed']),
    ],
    hears: (add) => ({ request: (source, outcome, _code, ms) => add({ source, outcome }, ms / 1000) }),
  },
  {
    name: 'consignee_attempts_total',
    type: 'counter',
    help: 'Runs of handlers by outcome.',
    labels: ['handler', 'outcome'],
    series: ({ handlers }) => eachPair(handlers, ATTEMPT_OUTCOMES),
    hears: (add) => ({ attempt: (handler, outcome, count) => add({ handler, outcome }, count) }),
  },
  {
    name: 'consignee_replies_total',
    type: 'counter',
    help: 'Calls of reply functions; all but the answered ones were answered as if there were none.',
    labels: ['source', 'outcome'],
    series: ({ replying }) => eachPair(replying, REPLY_OUTCOMES),
    hears: (add) => ({ reply: (source, outcome) => add({ source, outcome }, 1) }),
  },
  {
    // Read, not heard: three labelled counters a request would cost as much as its signature.
    name: 'consignee_proofs_total',
    type: 'counter',
    help: 'Checks that a secret proved, by the fingerprint of the secret.',
    labels: ['source', 'scheme', 'secret', 'form'],
    reads: ({ uses }) =>
      uses.map(({ source, scheme, secret, form, count }) => [count, source, scheme, secret, form]),
  },
  {
    name: 'consignee_would_refuse_total',
    type: 'counter',
    help: 'Requests that a check would have refused, were it not only observed.',
    labels: ['source', 'scheme', 'code'],
    series: ({ observed }) =>
      observed.flatMap(({ source, scheme }) =>
        CODES.filter((code) => code.startsWith(`${scheme}_`)).map((code) => [source, scheme, code]),
      ),
    hears: (add) => ({
      proof(source, { scheme, wouldRefuse }) {
        if (wouldRefuse !== undefined) add({ source, scheme, code: wouldRefuse }, 1);
      },
    }),
  },
  {
    name: 'consignee_refusals_lost_total',
    type: 'counter',
    help: 'Refused requests that are not kept to be judged again, or not any more, and why.',
    labels: ['source', 'why'],
    series: ({ sources }) => eachPair(sources, Object.keys(LOSS_REASONS)),
    reads: ({ refusalsLost }) => refusalsLost.map(({ source, why, count }) => [count, source, why]),
  },
  {
    name: 'consignee_handler_resting',
    type: 'gauge',
    help: '1 while the handler gets nothing, or one event at a time, because the other side is down.',
    labels: ['handler'],
    series: ({ handlers }) => handlers.map((handler) => [handler]),
    reads: ({ status }) => status?.resting.map((handler) => [1, handler]),
  },
  {
    name: 'consignee_handler_paused',
    type: 'gauge',
    help: '1 while a person has paused the handler, or its target.',
    labels: ['handler'],
    series: ({ handlers }) => handlers.map((handler) => [handler]),
    reads: ({ status }) => status?.paused.flatMap(({ handlers }) => eachPair([1], handlers)),
  },
  {
    name: 'consignee_backlog_events',
    type: 'gauge',
    help: 'Events by handler and state: pending, handling, dead or held.',
    labels: ['handler', 'state'],
    series: ({ handlers }) => eachPair(handlers, BACKLOG_STATES),
    reads: ({ status }) => status?.backlog.map(({ handler, state, count }) => [count, handler, state]),
  },
  {
    name: 'consignee_oldest_pending_seconds',
    type: 'gauge',
    help: 'Age of the oldest event that waits for a handler; 0 if none does.',
    labels: [],
    reads: ({ status }) => status && [[secondsSince(status.oldestPendingAt)]],
  },
  {
    name: 'consignee_inbox_takes_writes',
    type: 'gauge',
    help: '1 if events can be kept, else 0.',
    labels: [],
    reads: ({ takesWrites }) => [[takesWrites ? 1 : 0]],
  },
  {
    name: 'consignee_bytes_in_flight',
    type: 'gauge',
    help: 'Bytes of request bodies in memory.',
    labels: [],
    reads: ({ bytesInFlight }) => [[bytesInFlight]],
  },
  {
    name: 'consignee_connections',
    type: 'gauge',
    help: 'Open connections on the public port.',
    labels: [],
    reads: ({ connections }) => [[connections.open]],
  },
  {
    name: 'consignee_connections_max',
    type: 'gauge',
    help: 'The limits of connections: of all together, and of one address.',
    labels: ['limit'],
    reads: ({ connections: { limits } }) => [
      [limits.all, 'all'],
      [limits.address, 'address'],
    ],
  },
  {
    name: 'consignee_connections_closed_total',
    type: 'counter',
    help: 'Connections that were closed to keep a limit.',
    labels: ['limit'],
    reads: ({ connections: { closed } }) => [
      [closed.all, 'all'],
      [closed.address, 'address'],
    ],
  },
  {
    name: 'consignee_alarm',
    type: 'gauge',
    help: '1 while the alarm is raised; subject is a source, a handler or empty.',
    labels: ['kind', 'subject'],
    series: alarmSeries,
    reads: ({ alarms }) => alarms.map(({ kind, subject }) => [1, kind, subject]),
  },
];

function secondsSince(time: number | null): number {
  return time === null ? 0 : Math.max(0, Date.now() - time) / 1000;
}
