/** Alarms about the inbox and the refused requests, and about what handlers have to do: `inbox`, `disk`, `unkept`, `backlog`, `dead`, `look`. */
import { type Backlog, type InboxTrouble, sourceOf } from '../../inbox/contract.ts';
import type { PauseInForce } from '../../inbox/pauses.ts';
import { type AlarmFinding, type AlarmRule, durationOf } from './alarm.ts';

const NAMED_MAX = 3;
const BACKLOG_FIX =
  '`events list --state pending` names them: attempts that fail and fail, or more events than a handler gets through. Once that is mended, `events replay --state pending` makes due at once what waits for its time.';

/** Its files are in trouble, or it has taken no writes at two looks in a row: one bad moment is no alarm. */
export const inboxAlarm: AlarmRule<{ failingSince: number | undefined }> = {
  kind: 'inbox',
  memory: () => ({ failingSince: undefined }),
  find({ takesWrites, trouble, now }, memory) {
    if (trouble) return [filesFinding(trouble)];
    const since = memory.failingSince;
    memory.failingSince = takesWrites ? undefined : (since ?? now);
    if (takesWrites || since === undefined) return [];
    const says = 'the inbox takes no writes: every webhook is answered with 503';
    const fix =
      'Look at its disk (full, read-only or gone?) or its database. The log has the reason that was given.';
    return [{ subject: '', since, says, fix }];
  },
};

const RESCUE = '`consignee events rescue --to NEW.db`';
const REFUSING = 'every webhook is answered with 503';

function filesFinding({ kind, reason }: InboxTrouble): AlarmFinding {
  const words = {
    gone: {
      says: `do not stop this process, which alone still has the events: ${reason}; ${REFUSING}`,
      fix: `Put the very files back, and all is as before. If you cannot, save the events through the process with ${RESCUE}, and only then stop it.`,
    },
    damaged: {
      says: `do not stop this process before its events are saved: the inbox is damaged (${reason}); ${REFUSING}`,
      fix: `Save what can be read with ${RESCUE}, then stop the service and start it on the result. Look after the disk: the kernel's log (\`dmesg\`) may say more.`,
    },
    failing: {
      says: `the disk of the inbox fails now and then (${reason}); what met it was answered with 503, and nothing is lost`,
      fix: `Look after the disk: the kernel's log (\`dmesg\`) may say more. A copy in good time is made with ${RESCUE}.`,
    },
  };
  return { subject: '', ...words[kind] };
}
/**
 * What other alarms look at could not be read, twice in a row: they tell nothing, which looks as if all were well. While the
 * inbox takes no writes its own alarm says enough.
 */
export const lookAlarm: AlarmRule<{ before: readonly string[] }> = {
  kind: 'look',
  memory: () => ({ before: [] }),
  find({ unjudged, takesWrites }, memory) {
    const again = unjudged.filter(({ kind }) => memory.before.includes(kind));
    memory.before = unjudged.map(({ kind }) => kind);
    if (again.length === 0 || !takesWrites) return [];
    const says = `nobody knows whether there is an alarm of ${again.map(({ kind }) => kind).join(', ')}: ${again[0]?.reason}`;
    const fix = 'Look at the inbox: its disk or database may be too slow for what is asked of it.';
    return [{ subject: '', says, fix }];
  },
};

export const diskAlarm: AlarmRule = {
  kind: 'disk',
  async find({ knobs, diskFreeMb }) {
    const freeMb = await diskFreeMb();
    if (freeMb === undefined || freeMb >= knobs.diskFreeMb) return [];
    const says = `${freeMb} MiB are free on the disk of the inbox, less than ${knobs.diskFreeMb}`;
    const fix = 'Make room or give it a larger disk: once it is full, every webhook is answered with 503.';
    return [{ subject: '', says, fix }];
  },
};

/** Of one source; both counts are of requests lost since the service started. */
interface LostCounts {
  /** The count before the losses that this alarm is about. */
  before: number;
  lastSeen: number;
  grewAt: number;
}

/**
 * Refused requests are not kept or not any more: too many came, others needed their room, or their disk did not keep up. The
 * alarm of a source stays until none was lost for as long as the window.
 */
export const unkeptAlarm: AlarmRule<{ readonly sources: Map<string, LostCounts> }> = {
  kind: 'unkept',
  memory: () => ({ sources: new Map() }),
  find({ refusalsLost, knobs: { windowMs }, now }, { sources }) {
    return [...Map.groupBy(refusalsLost, ({ source }) => source)].flatMap(([source, losses]) => {
      const lost = losses.reduce((sum, { count }) => sum + count, 0);
      const counts = sources.get(source) ?? { before: 0, lastSeen: 0, grewAt: Number.NEGATIVE_INFINITY };
      sources.set(source, counts);
      if (lost > counts.lastSeen) counts.grewAt = now;
      counts.lastSeen = lost;
      if (now - counts.grewAt >= windowMs) {
        counts.before = lost;
        return [];
      }
      return [unkeptFinding(source, lost - counts.before, durationOf(windowMs))];
    });
  },
};

function unkeptFinding(source: string, count: number, window: string): AlarmFinding {
  const says = `${count} refused requests could not be kept, the last of them less than ${window} ago`;
  const fix =
    'They cannot be judged again with another secret. `events refused list` says who sends so many, and why they are not kept.';
  return { subject: source, says: `${source}: ${says}`, fix };
}

/**
 * The oldest event that waits for a handler has waited for too long. If a handler is paused or its target down, it is the subject;
 * otherwise there is no subject, and the words name the handlers that have most to do.
 */
export const backlogAlarm: AlarmRule<{ futureSince: number | undefined }> = {
  kind: 'backlog',
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
    const resting = pending.filter(({ handler }) => status.resting.includes(handler));
    const age = durationOf(now - since);
    const named = [
      ...status.paused.flatMap((pause) => pausedFindings(pause, pending, age, since)),
      ...resting.map((of) => restingFinding(of, age, since)),
    ];
    if (named.length > 0) return named;
    const busiest = pending.slice(0, NAMED_MAX).map(({ handler, count }) => `${handler} ${count}`);
    const says = `the oldest event that waits for a handler has waited for ${age} (waiting: ${busiest.join(', ')})`;
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
    const pause = `since ${who} has paused it at ${new Date(pausedAt).toISOString()} (${reason})`;
    const says = `${handler}: ${events}, ${pause}; the oldest of all waits for ${age}`;
    return { subject: handler, since, says, fix: `When it is time: \`consignee resume ${name}\`.` };
  });
}

function restingFinding({ handler, count }: Backlog, age: string, since: number): AlarmFinding {
  const events = count === 1 ? '1 event waits' : `${count} events wait`;
  const says = `${handler}: ${events}, since what it delivers to is down; the oldest of all waits for ${age}`;
  const fix = `Bring the other side back: it is tried with one event now and then, and gets the rest once it takes that one. \`consignee resume ${handler}\` tries it at once.`;
  return { subject: handler, since, says, fix };
}

/**
 * Events have died since the service started. Events that were dead before are no news. An event that died since then is,
 * until somebody has replayed or discarded it.
 */
export const deadAlarm: AlarmRule<{ known?: ReadonlyMap<string, number> }> = {
  kind: 'dead',
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
};

function deadFinding({ handler, count }: Backlog, fresh: number): AlarmFinding {
  const list = `events list --state dead --source ${sourceOf(handler)}`;
  const events = fresh === 1 ? '1 event has died' : `${fresh} events have died`;
  const before = count > fresh ? `; ${count} are dead in all` : '';
  const says = `${handler}: ${events}, its attempts spent or declined${before}`;
  const fix = `\`${list}\` names them and \`events show\` says why. Then \`events replay --state dead --handler ${handler}\` gives them to it again, and \`events discard\` with the same words takes them off its list.`;
  return { subject: handler, says, fix };
}
