/** Says where the live secrets come from, and how old they are. */
import type { Environment } from '../../base/settings/environment.ts';
import { ageOf, sinceSetting } from '../secret/age.ts';
import type { Slot } from '../secret/slots.ts';
import { ENV_FILE, type Settings } from '../settings.ts';
import { counted } from '../words.ts';
import { type Finding, pass, warn } from './finding.ts';

const AGE = 'secret age';
const DAYS_MOST = 90;

/** `given`: the variables that were there before `.env` was read. */
export function originFinding(slots: readonly Slot[], given: ReadonlySet<string>): Finding {
  if (slots.length === 0) return pass('secrets', 'none is set');
  const origins = new Map<string, Set<string>>();
  for (const { variable, file } of slots) {
    const origin = file ?? (given.has(variable) ? 'the environment' : ENV_FILE);
    origins.set(origin, (origins.get(origin) ?? new Set()).add(variable));
  }
  const said = [...origins].map(([origin, variables]) => `from ${origin}: ${[...variables].join(', ')}`);
  return pass('secrets', said.join('; '));
}

/** Judges the current secret of each setting: one that is being retired is older anyway. */
export function ageFindings(
  slots: readonly Slot[],
  { config, environment }: Settings,
  now: number,
): Finding[] {
  const aged = slots
    .filter(({ isCurrent }) => isCurrent)
    .map((slot) => ({ slot, age: ageOf(slot, environment, now) }));
  const of = (kind: 'unknown' | 'unreadable') =>
    aged.filter(({ age }) => age === kind).map(({ slot }) => slot.setting);
  const old: Finding[] = [];
  const young: string[] = [];
  for (const { slot, age } of aged) {
    if (typeof age === 'string') continue;
    const says = `${slot.setting} is ${counted(age.days, 'day')} old by ${age.by}`;
    if (age.days <= DAYS_MOST) young.push(says);
    else old.push(warn(AGE, `${says}. Rotate secrets every ${DAYS_MOST} days: npm run secret -- rotate`));
  }
  const unreadable = of('unreadable').map((setting) => unreadableFinding(setting, environment));
  const unknown = of('unknown');
  return [
    ...unreadable,
    ...old,
    ...(young.length > 0 ? [pass(AGE, young.join(', '))] : []),
    ...(unknown.length > 0 ? [unknownFinding(unknown, config.production)] : []),
  ];
}

function unreadableFinding(setting: string, environment: Environment): Finding {
  const since = sinceSetting(setting);
  const ahead = /^\d{4}-\d\d-\d\d$/.test(environment[since]?.trim() ?? '');
  return warn(AGE, `${since} is not ${ahead ? 'a day that has been' : 'a date'}. Write it as 2026-08-01`);
}

function unknownFinding(settings: readonly string[], production: boolean): Finding {
  const [first = ''] = settings;
  const says = `not known for ${settings.join(', ')}: a value in the environment has no date`;
  const fix = `Say since when each holds, as in ${sinceSetting(first)}=2026-08-01`;
  return (production ? warn : pass)(AGE, `${says}. ${fix}`);
}
