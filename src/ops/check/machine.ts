/** Judges the machine: the user that the service runs as, and its clock against the times that providers sign. */
import type { Config } from '../../serve/config/config.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import { signedSecondsIn } from '../../verify/hmac-form.ts';
import { type Evidence, eventsOf, lastOnes, type RecentEvent } from './evidence.ts';
import { type Finding, pass, warn } from './finding.ts';

const EVENTS_MOST = 50;
const SECONDS_MOST = 60;

export function userFindings({ production }: Config): Finding[] {
  const id = process.getuid?.();
  if (id === undefined) return [];
  if (id === 0 && production) return [warn('user', 'root in production. Run it as a user of its own')];
  return [pass('user', id === 0 ? 'root' : `number ${id}`)];
}

/** Signed timestamps say what time it was elsewhere, a delivery’s way before it came here. */
export function clockFindings({ sources }: Config, evidence: Evidence): Finding[] {
  const differences = sources
    .filter(signsWithTime)
    .flatMap((source) => eventsOf(source, evidence))
    .flatMap(secondsBehind)
    .slice(0, EVENTS_MOST);
  if (differences.length === 0) return [];
  const median = differences.sort((a, b) => a - b)[Math.floor(differences.length / 2)] as number;
  const says = `${sayDifference(median)} the signed timestamps of ${lastOnes(differences.length)}, in the median`;
  if (Math.abs(median) <= SECONDS_MOST) return [pass('clock', says)];
  return [warn('clock', `${says}. Beyond 300 s they are refused: synchronise it (NTP), or ask the provider`)];
}

function sayDifference(seconds: number): string {
  if (seconds === 0) return 'agrees with';
  return `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'}`;
}

function signsWithTime({ preset }: SourceConfig): boolean {
  return preset.hmac.some(({ layout }) => layout === 'timestamped');
}

function secondsBehind({ receivedAt, proofs }: RecentEvent): number[] {
  return proofs.flatMap(({ signature }) => {
    const seconds = signedSecondsIn(signature ?? '');
    return seconds === undefined ? [] : [Math.floor(receivedAt / 1000) - seconds];
  });
}
