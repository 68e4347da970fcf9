/** Writing down why attempts failed: which causes there are, in a table of bounded size. Part of a transaction of store.ts. */
import { CAUSES_MAX } from '../cause.ts';
import type { Settlement } from '../contract.ts';
import type { Turn } from './turn.ts';

export function noteCause({ sql, now }: Turn, { handler, cause, error }: Settlement): void {
  if (cause === undefined) return;
  const { changes } = sql.seeCause.run(now, handler, cause);
  if (changes > 0) return;
  // Asked only of a cause that is new. Beyond, only the events are known that have it.
  const { count } = sql.countCauses.get() as { count: number };
  if (count < CAUSES_MAX) sql.insertCause.run(handler, cause, error ?? '', now, now);
}
