/**
 * The form of a metric: the rows of metric-rows.ts are of it, and metrics.ts makes of them what a scraper reads. Below, the series that
 * there are whatever happens.
 */
import type { InboxStatus, SecretUse } from '../../inbox/contract.ts';
import type { Losses } from '../../inbox/refused/losses.ts';
import type { AlarmSubject } from '../alarms/alarm.ts';
import { ALARM_RULES } from '../alarms/alarm-rules.ts';
import type { ConnectionCounts } from '../http/connections.ts';
import type { MeterListener } from '../meter.ts';

export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Series that are there from the start, at 0: a rate over one that appears with its first value misses that value. */
  readonly series?: (wired: Wired) => readonly LabelValues[];
  /** A row either counts as things happen … */
  readonly hears?: (add: AddValue) => MeterListener;
  /** … or is read when somebody asks. Undefined: nobody can tell at present, and nothing is shown. */
  readonly reads?: (present: Present) => readonly Sample[] | undefined;
}

export type Labels = Readonly<Record<string, string>>;

export type AddValue = (labels: Labels, value: number) => void;

/** In the order of the row's `labels`. */
type LabelValues = readonly string[];

type Sample = readonly [value: number, ...labels: LabelValues];

export interface Wired {
  readonly sources: readonly string[];
  readonly replying: readonly string[];
  /** The checks that refuse nothing. */
  readonly observed: readonly { readonly source: string; readonly scheme: string }[];
  readonly handlers: readonly string[];
}

/** The service as it is when somebody asks. */
export interface Present {
  readonly takesWrites: boolean;
  readonly bytesInFlight: number;
  readonly connections: ConnectionCounts;
  readonly alarms: readonly { readonly kind: string; readonly subject: string }[];
  /** How often each live secret has proved a request, in each form; those that may still do so count 0. */
  readonly uses: readonly Omit<SecretUse, 'lastAt'>[];
  readonly refusalsLost: readonly Losses[];
  /** Undefined if the inbox does not answer: everything else is worth knowing then more than ever. */
  readonly status: InboxStatus | undefined;
}

/** Every pair of the two. */
export function eachPair<A, B>(ones: readonly A[], others: readonly B[]): [A, B][] {
  return ones.flatMap((one) => others.map((other): [A, B] => [one, other]));
}

/** A series for each alarm that there can be. */
export function alarmSeries(wired: Wired): LabelValues[] {
  return ALARM_RULES.flatMap(({ kind, about = ['inbox'] }) =>
    about.flatMap((what) => subjectsOf(what, wired).map((subject) => [kind, subject])),
  );
}

function subjectsOf(what: AlarmSubject, { sources, handlers }: Wired): readonly string[] {
  if (what === 'inbox') return [''];
  return what === 'source' ? sources : handlers;
}
