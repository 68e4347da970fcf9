/**
 * The alarm `clock`: our clock is not what the inbox knows of the time, or it is too far from the times that a source signs (`t=`
 * in the header), in the median of its last twenty requests with a right signature. The alarm comes while they still pass, or
 * when they are refused for that time alone. It ends with what the source signs: no news of a source are no good news.
 */
import { MINUTE_MS } from '../../base/times.ts';
import type { AlarmFinding } from '../../inbox/kept-alarms.ts';
import { signedSecondsIn } from '../../verify/form/value.ts';
import { type AlarmRule, durationOf, type Look } from './alarm.ts';
import { SIGNATURES_KEPT, type Tally } from './tally.ts';

const FOLLOW = 'Let this machine follow a time server (`timedatectl` says whether it does)';
/** So many are enough for an alarm to be over. */
const SIGNATURES_LEAST = 3;
const PROOF_MS = 5 * MINUTE_MS;

interface ClockMemory {
  /** By source. */
  readonly found: Map<string, AlarmFinding>;
  doubtMs: number;
}

export const clockAlarm: AlarmRule<ClockMemory> = {
  kind: 'clock',
  about: ['inbox', 'source'],
  memory: () => ({ found: new Map(), doubtMs: 0 }),
  async find(look, memory) {
    const known = await look.status().catch(() => undefined);
    if (known) memory.doubtMs = known.clockDoubtMs ?? 0;
    if (memory.doubtMs !== 0 && isSignedNow(look)) look.believeClock();
    const names = look.sources.map(({ name }) => name);
    for (const name of memory.found.keys()) if (!names.includes(name)) memory.found.delete(name);
    for (const name of names) noteSource(name, look, memory.found);
    return memory.doubtMs === 0
      ? [...memory.found.values()]
      : [doubtFinding(memory.doubtMs), ...memory.found.values()];
  },
  /** Only times that a source signs show that it is over: after a restart there are none. */
  isOpen: ({ subject }, look) =>
    look.sources.some(({ name }) => name === subject) &&
    timesAhead(look.tallyOf(subject)).length < SIGNATURES_LEAST,
};

function noteSource(name: string, { tallyOf, knobs }: Look, found: Map<string, AlarmFinding>): void {
  const ahead = timesAhead(tallyOf(name));
  if (ahead.length < (found.has(name) ? SIGNATURES_LEAST : SIGNATURES_KEPT)) return;
  const aheadMs = ahead[Math.floor(ahead.length / 2)] as number;
  if (Math.abs(aheadMs) <= knobs.clockSkewMs) {
    found.delete(name);
    return;
  }
  found.set(name, {
    subject: name,
    says: `${name}: our clock is ${whereFrom(aheadMs)} the times it signs, in the median of its last ${SIGNATURES_KEPT} requests`,
    fix: `${FOLLOW}: further off than \`timestampToleranceSeconds\`, genuine webhooks are refused. They are kept: once the clock is right, \`consignee events refused recheck --source ${name}\` takes them in.`,
  });
}

function doubtFinding(doubtMs: number): AlarmFinding {
  return {
    subject: '',
    says: `our clock is ${whereFrom(doubtMs)} what the inbox knows of the time; nothing is purged`,
    fix: `${FOLLOW}. If it was right all the time and the service was stopped for so long, there is nothing to do: it is believed once a provider signs its time, or after a while.`,
  };
}

function whereFrom(aheadMs: number): string {
  return `${durationOf(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
}

/** Nobody can sign the time of a clock that is wrong. */
function isSignedNow({ sources, tallyOf }: Look): boolean {
  return sources.some(({ name }) => {
    const ahead = timesAhead(tallyOf(name));
    return ahead.some((ms) => Math.abs(ms) < PROOF_MS);
  });
}

/** How far our clock was ahead of each signed time, in order. */
function timesAhead({ signatures }: Tally): number[] {
  return signatures
    .map(({ value, at }) => at - (signedSecondsIn(value) ?? Number.NaN) * 1_000)
    .filter((ms) => !Number.isNaN(ms))
    .sort((one, other) => one - other);
}
