/**
 * The alarm `silence`: a source that usually speaks has said nothing for longer than its own history makes plausible. It is judged
 * by hours, and below, for a source that speaks every minute, by minutes.
 */
import { HOUR_MS } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import { type AlarmRule, clockTimeOf, durationOf, type Look } from './alarm.ts';
import { judgeMinutes } from './minutes.ts';
import type { SpokenMinutes } from './tally.ts';

const WEEK = 168;
const PAST = 4 * WEEK;
export const PAST_MS = PAST * HOUR_MS;
const PAST_LEAST = 2 * WEEK;
const SPOKEN_LEAST = 20;
const MISSED_LEAST = 2;

/**
 * Answers with the hours that the silence missed, and those that the worst before it did, if the hours from `first` up to, but
 * not including, `end` are too many to say nothing in. Each hour is weighted by how often the source speaks in it. All are
 * counted since 1970, and the source spoke in none from `first` on.
 */
export function judgeSilence(spokeIn: ReadonlySet<number>, first: number, end: number, factor: number) {
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

/**
 * A source that usually speaks has said nothing for longer than its own history makes plausible. For
 * example, a source that never missed more than 2 of its usual hours is reported after 6 such hours.
 *
 * Time is measured as the source lives it: an hour of the week in which it always spoke in the last four weeks counts 1, one in
 * which it spoke every other week 1/2, one in which it never did 0. So a night counts nothing for a source that is silent then.
 *
 * The silence at present is one too many if the hours it missed come to two or more, and to three times (`silenceFactor`) what
 * the worst silence of those weeks missed. Each hour of the past is judged by the other weeks alone: otherwise an hour in which the source
 * was silent would count for less because it was.
 *
 * It takes history: two weeks, so that each hour of the week was seen twice, and twenty hours with something in them. Only
 * complete hours count, and only those in which this service was up. A holiday of the sender's is a silence like any other, once.
 */
export const silenceAlarm: AlarmRule = {
  kind: 'silence',
  about: ['source'],
  needs: 'requests',
  async find(look) {
    const silent = silentSources(look);
    if (silent.length === 0) return silent;
    await look.catchUp(Math.min(...silent.map(({ since }) => since)));
    return silentSources(look);
  },
  /** It is over when the source speaks, and not because nobody listened. */
  isOpen({ subject, since }, { sources, tallyOf }) {
    const isWatched = sources.some(({ name }) => name === subject);
    return isWatched && (tallyOf(subject).lastTakenAt ?? 0) <= since;
  },
};

function silentSources({ sources, tallyOf, listeningSince, knobs, now }: Look) {
  return sources.flatMap(({ name }) => {
    const { spoke, lastTakenAt } = tallyOf(name);
    if (lastTakenAt === undefined) return [];
    forgetOld(spoke, lastTakenAt);
    const spokeIn = new Set(spoke.keys());
    const minutes = judgeMinutes(spoke, lastTakenAt, listeningSince, now, knobs.silenceFactor);
    if (minutes) return [minutesFinding(name, minutes.worst, lastTakenAt, now)];
    const heardUntil = Math.floor(lastTakenAt / HOUR_MS);
    const first = Math.max(heardUntil + 1, Math.ceil(listeningSince / HOUR_MS));
    const silence = judgeSilence(spokeIn, first, Math.floor(now / HOUR_MS), knobs.silenceFactor);
    return silence ? [silenceFinding(name, silence.missed, silence.worst, lastTakenAt, now)] : [];
  });
}

/** Only the weeks before the last event count, however long ago that was: silence must not become its own history. */
function forgetOld(spoke: Map<number, SpokenMinutes>, lastTakenAt: number): void {
  const oldest = Math.floor(lastTakenAt / HOUR_MS) - PAST;
  for (const hour of spoke.keys()) if (hour < oldest) spoke.delete(hour);
}

function minutesFinding(name: string, worst: number, since: number, now: number) {
  const before =
    worst === 0 ? 'no minute was' : `never more than ${counted(worst, 'minute')} of an hour were`;
  const says = `${name}: silent for ${durationOf(now - since)}, since ${clockTimeOf(since, now)}; at this hour of the week it spoke every minute, and ${before} empty`;
  return { subject: name, since, says, fix: silenceFix(name) };
}

function silenceFinding(name: string, missed: number, worst: number, since: number, now: number) {
  const [should, did] = [missed, worst].map((hours) => String(Math.round(hours * 10) / 10));
  const before = did === '0' ? 'none stayed empty before' : `never more than ${did} stayed empty before`;
  return {
    subject: name,
    since,
    says: `${name}: silent for ${durationOf(now - since)}, since ${clockTimeOf(since, now)}; by its last four weeks something should have come in ${should} of these hours, and ${before}`,
    fix: silenceFix(name),
  };
}

function silenceFix(name: string): string {
  return `Look at ${name}'s own webhook page: is it switched off there, or does it send elsewhere? \`consignee events refused list --source ${name}\` says what was turned away here. A holiday ends by itself, and a source that is gone for good is switched off by taking its settings out.`;
}
