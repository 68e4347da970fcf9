/** What the edge logs of the news from the inbox thread. Called by client.ts. */
import type { Log } from '../base/log/log.ts';
import type { InboxTrouble } from './contract.ts';
import type { Interrupted } from './retry.ts';
import type { CircuitChange } from './targets.ts';

const NAMED_MAX = 3;

export function logTrouble(log: Log, trouble: InboxTrouble | undefined): void {
  if (!trouble) log.info({}, 'nothing is known against the files of the inbox any more');
  else log.error({ reason: trouble.reason, trouble: trouble.kind }, 'the files of the inbox are in trouble');
}

/** One that counts has its line; of those that do not, some of a handler, and how many there were: a thread may end often. */
export function logInterrupted(log: Log, interrupted: readonly Interrupted[]): void {
  const alike = Map.groupBy(interrupted, ({ handler, outcome, reason }) => `${handler} ${outcome} ${reason}`);
  for (const attempts of alike.values()) {
    const isCounted = attempts[0]?.outcome !== 'later';
    const named = isCounted ? attempts : attempts.slice(0, NAMED_MAX);
    for (const { id, ...attempt } of named) log.warn({ ...attempt, eventId: id, ms: 0 });
    const more = attempts.length - named.length;
    const [{ id: _, attempt: __, ...like } = { id: '', attempt: 0 }] = attempts;
    if (more > 0) log.warn({ ...like, attempts: more }, `${more} more attempts were cut off like this`);
  }
}

export function logCircuit(log: Log, { handler, restMs }: CircuitChange): void {
  if (restMs > 0) log.warn({ handler, restMs }, 'the other side takes nothing: events for it wait');
  else log.info({ handler }, 'the other side takes events again');
}
