/**
 * The alarm `silence`: a source that usually speaks has said nothing for longer than its own history makes plausible. For
 * example, a source that never missed more than 2 of its usual hours is reported after 6 such hours.
 *
 * Time is measured as the source lives it. Of every hour of the week it is known in how many of the last four weeks the
 * source spoke in it: an hour in which it always did counts 1, one in which it spoke every other week 1/2, one in which
 * it never did 0. So a night or a weekend counts nothing for a source that is silent then, and one that speaks now and
 * then needs a long silence until it has missed anything.
 *
 * The silence at present is one too many if the hours it missed come to two or more, and to three times (`silenceFactor`)
 * what the worst silence of those weeks missed. The past is judged by the other weeks alone: an hour in which the source
 * was silent must not be its own excuse.
 *
 * It takes history: two weeks, so that each hour of the week was seen twice, and twenty hours with something in them.
 * Only complete hours count, and only those in which this service was up. A holiday of the sender's is a silence like any
 * other, once.
 */
import { type AlarmFinding, type AlarmRule, clockTimeOf, durationOf } from './alarm.ts';
import { HOUR_MS } from './tally.ts';

const WEEK = 168;
const PAST = 4 * WEEK;
export const PAST_MS = PAST * HOUR_MS;
const PAST_LEAST = 2 * WEEK;
const SPOKEN_LEAST = 20;
const MISSED_LEAST = 2;

/** Both are hours, each weighted by how often the source speaks in it. */
interface Silence {
  readonly missed: number;
  readonly worst: number;
}

/**
 * Answers with the silence if the hours from `first` up to, but not including, `end` are too many to say nothing in. All hours
 * are counted since 1970, and the source spoke in none from `first` on.
 */
export function judgeSilence(
  spokeIn: ReadonlySet<number>,
  first: number,
  end: number,
  factor: number,
): Silence | undefined {
  const last = Math.max(...spokeIn);
  const past = [...spokeIn].filter((hour) => hour > last - PAST);
  const begin = Math.min(...past);
  if (past.length < SPOKEN_LEAST || last - begin + 1 < PAST_LEAST) return undefined;
  const { seen, spoken } = weekOf(past, begin, last);
  const chance = (hour: number, less: number) => at(spoken, hour) / Math.max(1, at(seen, hour) - less);
  let worst = 0;
  for (let hour = begin, run = 0; hour <= last; hour++) {
    run = spokeIn.has(hour) ? 0 : run + chance(hour, 1);
    worst = Math.max(worst, run);
  }
  let missed = 0;
  for (let hour = first; hour < end; hour++) missed += chance(hour, 0);
  return missed >= Math.max(MISSED_LEAST, factor * worst) ? { missed, worst } : undefined;
}

/** Counts for each hour of the week in how many weeks it was seen, and in how many of them the source spoke. */
function weekOf(past: readonly number[], begin: number, last: number) {
  const seen = new Array<number>(WEEK).fill(0);
  const spoken = new Array<number>(WEEK).fill(0);
  for (let hour = begin; hour <= last; hour++) seen[hour % WEEK] = at(seen, hour) + 1;
  for (const hour of past) spoken[hour % WEEK] = at(spoken, hour) + 1;
  return { seen, spoken };
}

function at(week: readonly number[], hour: number): number {
  return week[hour % WEEK] ?? 0;
}

export const silenceAlarm: AlarmRule = {
  kind: 'silence',
  find: ({ sources, tallyOf, listeningSince, knobs, now }) =>
    sources.flatMap(({ name }) => {
      const { spokeIn, lastTakenAt } = tallyOf(name);
      if (lastTakenAt === undefined) return [];
      forgetOld(spokeIn, lastTakenAt);
      const heardUntil = Math.floor(lastTakenAt / HOUR_MS);
      const first = Math.max(heardUntil + 1, Math.ceil(listeningSince / HOUR_MS));
      const silence = judgeSilence(spokeIn, first, Math.floor(now / HOUR_MS), knobs.silenceFactor);
      return silence ? [silenceFinding(name, silence, lastTakenAt, now)] : [];
    }),
};

/** Only the weeks before the last event count, however long ago that was: silence must not become its own history. */
function forgetOld(spokeIn: Set<number>, lastTakenAt: number): void {
  const oldest = Math.floor(lastTakenAt / HOUR_MS) - PAST;
  for (const hour of spokeIn) if (hour < oldest) spokeIn.delete(hour);
}

function silenceFinding(name: string, { missed, worst }: Silence, since: number, now: number): AlarmFinding {
  const [should, did] = [missed, worst].map((hours) => String(Math.round(hours * 10) / 10));
  const before = did === '0' ? 'none stayed empty before' : `never more than ${did} stayed empty before`;
  return {
    subject: name,
    since,
    says: `${name}: silent for ${durationOf(now - since)}, since ${clockTimeOf(since, now)}; by its last four weeks something should have come in ${should} of these hours, and ${before}`,
    fix: `Look at ${name}'s own webhook page: is it switched off there, or does it send elsewhere? \`events refused list\` says what was turned away here. A holiday ends by itself, and a source that is gone for good is switched off by taking its settings out.`,
  };
}
