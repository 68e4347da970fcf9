/**
 * The alarm `refusals`: what a source sends is refused as unproven (401), all of it or much of it.
 *
 * Anyone can send what is refused. So what nobody but the provider sends counts for more: a request from where genuine ones came
 * before, or one of the provider's form. The words say whether anything still passes, and what becomes of what was refused.
 */
import { DAY_MS, HOUR_MS } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import type { Alarm, AlarmFinding } from '../../inbox/kept-alarms.ts';
import { whatIsNotJudged } from '../../verify/judged-head.ts';
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import { providerFate } from '../../verify/retries.ts';
import { type AlarmRule, clockTimeOf, durationOf, type Look, type WatchedSource } from './alarm.ts';
import {
  addFailures,
  type CodeFailures,
  countOf,
  type FailuresByCode,
  mostOf,
  sendersIn,
} from './failures.ts';
import type { RequestCounts, Tally } from './tally.ts';

/** Of what known senders send, such a part of `failuresInRow` is enough. */
const KNOWN_PART = 1 / 4;
/** If they have failed for so long. */
const KNOWN_MS = HOUR_MS;

/** For each source the counts of each look, as far back as the window goes. */
type Looks = Map<string, readonly (RequestCounts & { readonly at: number })[]>;

export const refusalsAlarm: AlarmRule<Looks> = {
  kind: 'refusals',
  about: ['source'],
  needs: 'requests',
  memory: () => new Map(),
  find(look, looks) {
    const from = look.now - look.knobs.windowMs;
    return look.sources.flatMap((source) => {
      const tally = look.tallyOf(source.name);
      const all = [...(looks.get(source.name) ?? []), { ...tally.takeCounts(), at: look.now }];
      const inside = all.filter(({ at, taken, refused }) => at > from && (taken > 0 || refused.size > 0));
      looks.set(source.name, inside);
      const window = sumOfLooks(inside);
      return brokenOff(source, tally, window, look) ?? partlyRefused(source, tally, window, look) ?? [];
    });
  },
  isOpen({ subject, since }, look) {
    if (!look.sources.some(({ name }) => name === subject)) return false;
    return stillRefuses(look.tallyOf(subject), since, look);
  },
};

/** Nothing has passed since the alarm began, and it was no passing noise of strangers. */
function stillRefuses(tally: Tally, since: Alarm['since'], { knobs, now, listeningSince }: Look): boolean {
  if (Math.max(tally.lastTakenAt ?? 0, tally.lastProvenAt) >= since) return false;
  const [code, failures] = mostOf(tally.failing) ?? [];
  // After a restart nobody knows yet.
  if (code === undefined || !failures) return now - listeningSince < DAY_MS;
  return isProvider(code, failures, knobs.failuresInRow);
}

/** The last requests all failed alike, after others had passed. */
function brokenOff(source: WatchedSource, tally: Tally, window: RequestCounts, look: Look) {
  const least = look.knobs.failuresInRow;
  if (tally.lastTakenAt === undefined) return undefined;
  const row = [...tally.failing].find(([code, failures]) => {
    return isProvider(code, failures, least) || Math.min(countOfCode(window, code), failures.count) >= least;
  });
  if (!row) return undefined;
  const [code, failures] = row;
  const count = countOf(tally.failing);
  const all = count === 1 ? 'the last request was' : `the last ${counted(count, 'request')} were all`;
  const since = firstRefusal(tally.failing);
  const says = `${all} refused, since ${clockTimeOf(since, look.now)}, from ${whoSent(failures)}`;
  return [finding(source, code, says, refusalOf(code).asks, look, since)];
}

/** Too large a part of what has come within the window, or what known senders send beside what passes. */
function partlyRefused(source: WatchedSource, tally: Tally, window: RequestCounts, look: Look) {
  const { windowMs, refusalsLeast, refusalRatio, failuresInRow } = look.knobs;
  const { taken, refused } = window;
  const count = countOf(refused);
  const [code, failures] = mostOf(refused) ?? [];
  if (code === undefined || !failures) return undefined;
  const isLarge = count >= refusalsLeast && count / (taken + count) >= refusalRatio;
  const isOfKnown = failures.known >= failuresInRow && refusalOf(code).mayBeGenuine === true;
  if (!isLarge && !isOfKnown) return undefined;
  const share = `${count} of ${taken + count} requests in ${durationOf(windowMs)} were refused`;
  if (taken === 0 || countOf(tally.failing) >= count) {
    const since = firstRefusal(tally.failing.size > 0 ? tally.failing : refused);
    const says = `${share}, all since ${clockTimeOf(since, look.now)}, from ${whoSent(failures)}`;
    return [finding(source, code, says, refusalOf(code).asks, look, since)];
  }
  const says = `${share}, from ${whoSent(failures)}, while others pass`;
  const question = 'does one of several senders differ, or is somebody trying?';
  return [finding(source, code, says, question, look)];
}

function finding(
  source: WatchedSource,
  code: string,
  says: string,
  question: string,
  { refusedDays }: Look,
  since?: number,
): AlarmFinding {
  const { name, preset } = source;
  const never = whatIsNotJudged(preset);
  const but = never === undefined ? '' : ` (not ${never})`;
  const fate = `They are kept for ${counted(refusedDays, 'day')} and taken in once they pass${but}; ${providerFate(preset, 401, durationOf)} but for that`;
  return {
    subject: name,
    says: `${name}: ${refusalOf(code).says}; ${says}: ${question} ${fate}`,
    fix: `${fixFor(code, source)} \`consignee events refused list --source ${name}\` shows them; \`consignee events refused recheck --source ${name}\` judges them again.`,
    ...(since !== undefined && { since }),
  };
}

/** Enough of them come from known senders, or have the provider's form. */
function isProvider(code: string, { count, known, firstAt, lastAt }: CodeFailures, least: number): boolean {
  const isSlow = known >= least * KNOWN_PART && lastAt - firstAt >= KNOWN_MS;
  return isSlow || known >= least || (refusalOf(code).mayBeGenuine === true && count >= least);
}

function whoSent({ count, known, addresses }: CodeFailures): string {
  const senders = sendersIn(addresses);
  if (known === count) return `${senders}, where genuine ones came from before`;
  return known === 0 ? `${senders}, where no genuine one ever came from` : senders;
}

function firstRefusal(byCode: FailuresByCode): number {
  return Math.min(...[...byCode.values()].map(({ firstAt }) => firstAt));
}

function countOfCode({ refused }: RequestCounts, code: string): number {
  return refused.get(code)?.count ?? 0;
}

function sumOfLooks(looks: readonly RequestCounts[]): RequestCounts {
  const sum: RequestCounts = { taken: 0, refused: new Map() };
  for (const { taken, refused } of looks) {
    sum.taken += taken;
    addFailures(sum.refused, refused);
  }
  return sum;
}
