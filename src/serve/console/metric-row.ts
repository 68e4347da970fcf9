/** What a row of metric-rows.ts says, and what it is made from. */
import type { InboxStatus, SecretUse } from '../../inbox/contract.ts';
import type { Losses } from '../../inbox/refused/losses.ts';
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
  readonly handlers: readonly string[];
}

/** The service as it is when somebody asks. */
export interface Present {
  readonly takesWrites: boolean;
  readonly bytesInFlight: number;
  readonly connections: ConnectionCounts;
  readonly alarms: readonly { readonly kind: string; readonly subject: string }[];
  /** How often each live secret has proved a request. */
  readonly uses: readonly Omit<SecretUse, 'lastAt'>[];
  readonly refusalsLost: readonly Losses[];
  /** Undefined if the inbox does not answer: everything else is worth knowing then more than ever. */
  readonly status: InboxStatus | undefined;
}
