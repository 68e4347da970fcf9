/** Where the running service counts; the metrics and the alarms both listen. */
import type { Proof } from '../verify/verifier.ts';

export type Outcome = 'accepted' | 'duplicate' | 'held' | 'refused' | 'failed';

/** `answered`: the function's value went out. Otherwise Consignee's own body did. */
export type ReplyOutcome = 'answered' | 'none' | 'failed' | 'late';

/** Where rooms count. Labels come from the configuration and from closed lists, never from a sender. */
export interface Meter {
  request(source: string, outcome: Outcome, code: string, ms: number): void;
  attempt(handler: string, outcome: string, count: number): void;
  reply(source: string, outcome: ReplyOutcome): void;
  /** A request that passed this check, or would not have if it were enforced. */
  proof(source: string, proof: Proof): void;
}
