/** Alarms about what handlers have to do, and how it goes: `failing`, `apart`, `backlog`, `dead`. */
import { iso } from '../../base/times.ts';
import { amount, counted } from '../../base/words.ts';
import { type Backlog, type InboxStatus, sourceOf } from '../../inbox/contract.ts';
import type { AlarmFinding } from '../../inbox/kept-alarms.ts';
import type { PauseInForce } from '../../inbox/pauses.ts';
import { type AlarmRule, clockTimeOf, durationOf, type Look } from './alarm.ts';
import type { AttemptTally } from './tally.ts';

const NAMED_MAX = 3;
/** The commands after whatever was wrong with a handler is mended. */
const afterFix = (handler: string) =>
  `After the fix, \`consignee events replay --state pending --handler ${handler}\` has what waits tried at once, and \`consignee events replay --state dead --handler ${handler}\` what had been given up.`;

/** The last attempts of a handler have all failed, or what it delivers to takes nothing at two looks in a row. */
export const failingAlarm: AlarmRule<{ resting: readonly string[] }> = {
  kind: 'failing',
  about: ['handler'],
  needs: 'attempts',
  memory: () => ({ resting: [] }),
  async find(look, memory) {
    const status = await look.status();
    const resting = status.resting.filter((handler) => memory.resting.includes(handler));
    memory.resting = status.resting;
    const failing = [...look.attempts].filter(
      ([handler, { failed }]) => failed >= look.knobs.failuresInRow && !resting.includes(handler),
    );
    return [
      ...resting.map((handler) => restingFinding(handler, status)),
      ...failing.map(([handler, tally]) => failingFinding(handler, tally, status, look)),
    ];
  },
  /** After a restart nobody knows before something has been tried. */
  isOpen({ subject, since }, { attempts, listeningSince }) {
    const tally = attempts.get(subject);
    return tally !== undefined && since < listeningSince && tally.lastDoneAt < listeningSince;
  },
};

function failingFinding(
  handler: string,
  { failed, failedSince }: AttemptTally,
  status: InboxStatus,
  { now }: Look,
): AlarmFinding {
  const says = `${handler}: its last ${counted(failed, 'attempt')} all failed, since ${clockTimeOf(failedSince, now)}; ${waitingFor(handler, status)}`;
  const fix = `\`consignee events failures --handler ${handler}\` says why they fail. ${afterFix(handler)}`;
  return { subject: handler, since: failedSince, says, fix };
}

function restingFinding(handler: string, status: InboxStatus): AlarmFinding {
  const says = `${handler}: what it delivers to is down and gets one event now and then; ${waitingFor(handler, status)}`;
  const fix = `Bring the other side back: it gets the rest once it takes an event, and \`consignee resume ${handler}\` tries it at once. \`consignee events failures --handler ${handler}\` says what it answered. ${afterFix(handler)}`;
  return { subject: handler, says, fix };
}

function waitingFor(handler: string, { backlog }: InboxStatus): string {
  const count = (state: string) =>
    backlog.find((one) => one.handler === handler && one.state === state)?.count ?? 0;
  const [pending, dead] = [count('pending'), count('dead')];
  const waiting = pending === 1 ? '1 event waits' : `${amount(pending)} events wait`;
  return dead === 0 ? `${waiting}, and nothing is lost` : `${waiting}, and ${amount(dead)} are dead`;
}

/** A handler looped, crashed, ran out of memory or kept its thread busy for seconds, and has a thread of its own since then. */
export const apartAlarm: AlarmRule = {
  kind: 'apart',
  about: ['handler'],
  find: ({ apart }) =>
    apart.map(({ handler, since, reason }) => ({
      subject: handler,
      since,
      says: `${handler} runs in a thread of its own: ${reason}`,
      fix: `\`consignee events failures --handler ${handler}\` shows what it was doing. Have it wait instead of compute, within its time limit; it goes back to the others once it has been well for a while.`,
    })),
};

const BACKLOG_FIX =
  '`consignee events list --state pending` names them: attempts that fail and fail, or more events than a handler gets through. Once that is mended, `consignee events replay --state pending` makes due at once what waits for its time.';

/**
 * The oldest event that waits for a handler has waited for too long. The words name the handlers that have most to do. Of those
 * whose target is down `failing` tells.
 */
export const backlogAlarm: AlarmRule<{ futureSince: number | undefined }> = {
  kind: 'backlog',
  about: ['inbox', 'handler'],
  memory: () => ({ futureSince: undefined }),
  async find(look, memory) {
    const { now, knobs } = look;
    const status = await look.status();
    // An event that came while a clock was ahead waits at least since it was first seen.
    const isFuture = status.oldestPendingAt !== null && status.oldestPendingAt > now;
    memory.futureSince = isFuture ? (memory.futureSince ?? now) : undefined;
    const since = memory.futureSince ?? status.oldestPendingAt;
    if (since === null || now - since < knobs.backlogAgeMs) return [];
    const pending = status.backlog
      .filter(({ state, count }) => state === 'pending' && count > 0)
      .toSorted((one, other) => other.count - one.count);
    const age = durationOf(now - since);
    const paused = status.paused.flatMap((pause) => pausedFindings(pause, pending, age, since));
    if (paused.length > 0) return paused;
    if (pending.some(({ handler }) => status.resting.includes(handler))) return [];
    const named = pending.slice(0, NAMED_MAX).map(({ handler, count }) => `${handler} ${count}`);
    const says = `the oldest event that waits for a handler has waited for ${age} (waiting: ${named.join(', ')})`;
    return [{ subject: '', since, says, fix: BACKLOG_FIX }];
  },
};

/** Somebody meant it, and may have forgotten. */
function pausedFindings(
  { name, handlers, since: pausedAt, who, reason }: PauseInForce,
  pending: readonly Backlog[],
  age: string,
  since: number,
): AlarmFinding[] {
  const waiting = pending.filter(({ handler }) => handlers.includes(handler));
  return waiting.map(({ handler, count }) => {
    const events = count === 1 ? '1 event waits' : `${count} events wait`;
    const pause = `since ${who} has paused it at ${iso(pausedAt)} (${reason})`;
    const says = `${handler}: ${events}, ${pause}; the oldest of all waits for ${age}`;
    return { subject: handler, since, says, fix: `When it is time: \`consignee resume ${name}\`.` };
  });
}

/**
 * Events have died since the service started. Events that were dead before are no news. An event that died since then is,
 * until somebody has replayed or discarded it.
 */
export const deadAlarm: AlarmRule<{ known?: ReadonlyMap<string, number> }> = {
  kind: 'dead',
  about: ['handler'],
  /** `known`: for each handler how many dead events are no news, never more than there are; not there before the first look. */
  memory: () => ({}),
  async find(look, memory) {
    const { backlog } = await look.status();
    const dead = backlog.filter(({ state, count }) => state === 'dead' && count > 0);
    const before = memory.known;
    const knownOf = ({ handler, count }: Backlog) =>
      before ? Math.min(count, before.get(handler) ?? 0) : count;
    memory.known = new Map(dead.map((of) => [of.handler, knownOf(of)]));
    return dead.filter((of) => of.count > knownOf(of)).map((of) => deadFinding(of, of.count - knownOf(of)));
  },
  /** Those of before the restart, until a person has seen to them. */
  async isOpen({ subject, since }, { listeningSince, status }) {
    if (since >= listeningSince) return false;
    const { backlog } = await status();
    return backlog.some(({ handler, state, count }) => handler === subject && state === 'dead' && count > 0);
  },
};

function deadFinding({ handler, count }: Backlog, fresh: number): AlarmFinding {
  const list = `consignee events list --state dead --source ${sourceOf(handler)}`;
  const events = fresh === 1 ? '1 event has died' : `${fresh} events have died`;
  const before = count > fresh ? `; ${count} are dead in all` : '';
  const says = `${handler}: ${events}, its attempts spent or declined${before}`;
  const fix = `\`${list}\` names them and \`consignee events failures --handler ${handler}\` says why. After the fix, \`consignee events replay --state dead --handler ${handler}\` tries them again, or \`consignee events discard --state dead --handler ${handler}\` gives them up.`;
  return { subject: handler, says, fix };
}
