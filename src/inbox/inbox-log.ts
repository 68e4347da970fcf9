/** What the edge logs of the news from the inbox thread. Called by client.ts. */
import type { Log } from '../base/log/log.ts';
import type { InboxTrouble } from './contract.ts';
import type { Interrupted } from './ending.ts';
import type { CircuitChange } from './targets.ts';

export function logTrouble(log: Log, trouble: InboxTrouble | undefined): void {
  if (!trouble) log.info({}, 'nothing is known against the files of the inbox any more');
  else log.error({ reason: trouble.reason, trouble: trouble.kind }, 'the files of the inbox are in trouble');
}

export function logInterrupted(log: Log, interrupted: readonly Interrupted[]): void {
  for (const { id, ...attempt } of interrupted) log.warn({ ...attempt, eventId: id, ms: 0 });
}

export function logCircuit(log: Log, { handler, restMs }: CircuitChange): void {
  if (restMs > 0) log.warn({ handler, restMs }, 'the other side takes nothing: events for it wait');
  else log.info({ handler }, 'the other side takes events again');
}
