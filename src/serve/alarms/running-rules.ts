/** The rules of alarms as the watch asks them, with what each remembers and how its last look went. Held by watch.ts. */
import type { Alarm, AlarmFinding } from '../../inbox/kept-alarms.ts';
import type { AlarmRule, Look } from './alarm.ts';
import { ALARM_RULES } from './alarm-rules.ts';
import type { Watched } from './look.ts';

/** An answer that takes longer is none. */
const ANSWER_MS = 10_000;

export interface RunningRule {
  readonly rule: AlarmRule;
  readonly memory: object;
  /** Since when it has been asked and has not answered, by the steady clock. */
  busySince: number | undefined;
  /** Why its last look told nothing; empty if it did. */
  failure: string;
}

export function runningRules(): RunningRule[] {
  return ALARM_RULES.map((rule) => ({
    rule,
    memory: rule.memory?.() ?? {},
    busySince: undefined,
    failure: '',
  }));
}

/** Whether anything comes to this process that the rule could judge: otherwise its alarms are those of other replicas. */
export function knowsOf({ needs }: AlarmRule, { receives, dispatches }: Watched): boolean {
  return needs === undefined || (needs === 'requests' ? receives : dispatches);
}

/** The kinds of alarms of which nobody knows at present whether there is one, and why. */
export function unjudgedOf(
  rules: readonly RunningRule[],
  steadyNow: number,
  lookMs: number,
): Look['unjudged'] {
  return rules.flatMap(({ rule: { kind }, failure, busySince = steadyNow }) => {
    if (steadyNow - busySince >= Math.max(lookMs, ANSWER_MS)) return [{ kind, reason: 'there is no answer' }];
    return failure === '' ? [] : [{ kind, reason: failure }];
  });
}

/** The subjects of the raised alarms of this kind that are not found, and go on all the same. */
export async function openSubjects(
  { rule, memory }: Pick<RunningRule, 'rule' | 'memory'>,
  raised: readonly Alarm[],
  findings: readonly AlarmFinding[],
  look: Look,
): Promise<Set<string>> {
  const open = new Set<string>();
  for (const alarm of raised) {
    if (alarm.kind !== rule.kind || findings.some(({ subject }) => subject === alarm.subject)) continue;
    if (await rule.isOpen?.(alarm, look, memory)) open.add(alarm.subject);
  }
  return open;
}
