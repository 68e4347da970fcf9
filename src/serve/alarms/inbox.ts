/** Alarms about the inbox, its disk, the refused requests, and the watch itself: `inbox`, `disk`, `unkept`, `look`, `unheard`. */
import { amount } from '../../base/words.ts';
import type { InboxTrouble } from '../../inbox/contract.ts';
import type { AlarmFinding } from '../../inbox/kept-alarms.ts';
import { providerFate } from '../../verify/retries.ts';
import { leastFreeMb } from '../disk.ts';
import { type AlarmRule, clockTimeOf, durationOf, type Look, type WatchedSource } from './alarm.ts';

/** Its files are in trouble, or it has taken no writes at two looks in a row: one bad moment is no alarm. */
export const inboxAlarm: AlarmRule<{ failingSince: number | undefined }> = {
  kind: 'inbox',
  isAboutInbox: true,
  memory: () => ({ failingSince: undefined }),
  find({ takesWrites, trouble, now, sources }, memory) {
    if (trouble) return [filesFinding(trouble, sources)];
    const since = memory.failingSince;
    memory.failingSince = takesWrites ? undefined : (since ?? now);
    if (takesWrites || since === undefined) return [];
    const says = `the inbox takes no writes: ${refusing(sources)}`;
    const fix =
      'Look at its disk (full, read-only or gone?) or its database: `consignee check` examines it, and the log has the reason that was given.';
    return [{ subject: '', since, says, fix }];
  },
};

const RESCUE = '`consignee events rescue --to NEW.db`';

/** What that means for each provider. */
function refusing(sources: readonly WatchedSource[]): string {
  const fates = [...new Set(sources.map(({ preset }) => providerFate(preset, 503, durationOf)))];
  const what = 'every webhook is answered with 503';
  return fates.length === 0 ? what : `${what}. ${fates.join('; ')}`;
}

function filesFinding({ kind, reason }: InboxTrouble, sources: readonly WatchedSource[]): AlarmFinding {
  const all = refusing(sources);
  const words = {
    gone: {
      says: `do not stop this process, which alone still has the events: ${reason}; ${all}`,
      fix: `Put the very files back, and all is as before. If you cannot, save the events through the process with ${RESCUE}, and only then stop it.`,
    },
    damaged: {
      says: `do not stop this process before its events are saved: the inbox is damaged (${reason}); ${all}`,
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
  isAboutInbox: true,
  memory: () => ({ before: [] }),
  find({ unjudged, takesWrites }, memory) {
    const again = unjudged.filter(({ kind }) => memory.before.includes(kind));
    memory.before = unjudged.map(({ kind }) => kind);
    if (again.length === 0 || !takesWrites) return [];
    const says = `nobody knows whether there is an alarm of ${again.map(({ kind }) => kind).join(', ')}: ${again[0]?.reason}`;
    const fix =
      'Look at the inbox: its disk or database may be too slow for what is asked of it; `consignee check` examines it.';
    return [{ subject: '', says, fix }];
  },
};

/** Too little is free, in proportion to the disk. */
export const diskAlarm: AlarmRule = {
  kind: 'disk',
  isAboutInbox: true,
  async find({ knobs, sources, disk }) {
    const found = await disk();
    if (!found) return [];
    const leastMb = leastFreeMb(found, knobs);
    if (found.freeMb >= leastMb) return [];
    const says = `${amount(found.freeMb)} MiB are free on the disk of the inbox, of ${amount(found.wholeMb)}: less than ${amount(leastMb)}. Once it is full, ${refusing(sources)}`;
    return [{ subject: '', says, fix: DISK_FIX }];
  },
};

const DISK_FIX = [
  'Make room at once by deleting what is not Consignee’s, or give it a larger disk.',
  'The file of the inbox never shrinks by itself, but uses again what was purged: a smaller RETENTION_DAYS keeps it from growing.',
  '`consignee compact` gives back to the disk what is unused in it, with the service stopped; it needs as much room as the inbox then has,',
  'so on a full disk let it write to another one: `consignee compact --to NEW.db`.',
].join(' ');

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
  about: ['source'],
  needs: 'requests',
  memory: () => ({ sources: new Map() }),
  find({ refusalsLost, knobs: { windowMs }, now, wired }, { sources }) {
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
      const watched = wired.find(({ name }) => name === source);
      return watched ? [unkeptFinding(watched, lost - counts.before, durationOf(windowMs))] : [];
    });
  },
};

function unkeptFinding({ name, preset }: WatchedSource, count: number, window: string): AlarmFinding {
  const were = count === 1 ? '1 refused request was' : `${amount(count)} refused requests were`;
  const says = `${were} not kept or not any more, the last of them less than ${window} ago: ${providerFate(preset, 401, durationOf)} if they were genuine`;
  const fix = `They cannot be judged again with another secret. \`consignee events refused list --source ${name}\` says who sends so many, and why they are not kept.`;
  return { subject: name, says: `${name}: ${says}`, fix };
}

const UNHEARD_MS = 30_000;

/** ALARM_URL takes nothing: the log, the metrics and `check` alone tell of what is wrong. */
export const unheardAlarm: AlarmRule = {
  kind: 'unheard',
  isAboutInbox: true,
  find({ unheard, now }: Look) {
    if (!unheard || now - unheard.since < UNHEARD_MS) return [];
    const { since, reason } = unheard;
    const says = `ALARM_URL has taken no alarm since ${clockTimeOf(since, now)}: ${reason}`;
    const fix =
      'Look after whatever receives them. It gets the newest state of each alarm once it is back; `consignee alarms` shows them until then.';
    return [{ subject: '', since, says, fix }];
  },
};
