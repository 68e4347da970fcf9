/** Puts together what the rules of alarms see at one moment. Called by watch.ts. */
import type { Supervisor } from '../../deliver/dispatch/supervisor.ts';
import type { Inbox, InboxStatus } from '../../inbox/contract.ts';
import type { Driver } from '../../inbox/driver.ts';
import type { Losses } from '../../inbox/refused/losses.ts';
import { readDisk } from '../disk.ts';
import type { AlarmSettings, Look } from './alarm.ts';
import type { Tally } from './tally.ts';

/** What the watch looks at. */
export interface Watched {
  readonly settings: () => AlarmSettings;
  readonly inbox: Pick<
    Inbox,
    | 'status'
    | 'takesWrites'
    | 'trouble'
    | 'doubt'
    | 'believeClock'
    | 'noteAlarms'
    | 'openAlarms'
    | 'noteAlarmDelivery'
  >;
  /** False if no requests come to this process: then silence says nothing. */
  readonly receives: boolean;
  /** False if no handlers run in this process. */
  readonly dispatches: boolean;
  readonly inboxFolder?: string;
  readonly refused: { losses(): readonly Losses[] };
  readonly refusedDays: number;
  readonly supervisor: Pick<Supervisor, 'quarantined'>;
  readonly crashes: readonly number[];
  readonly readPast: Driver['readPast'];
  /** Other replicas may hear what this one does not. */
  readonly isShared: boolean;
  /** Hears that the clock was set. */
  readonly onClockSet: () => void;
}

/** What the watch itself knows. */
interface Known extends Pick<Look, 'knobs' | 'attempts' | 'listeningSince' | 'unheard' | 'unjudged'> {
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly hearDoubt: (doubtMs: number) => void;
  readonly catchUp: Look['catchUp'];
}

export function lookAt(watched: Watched, { tallies, hearDoubt, ...known }: Known): Look {
  const { inbox, inboxFolder, refused, refusedDays, receives, settings, supervisor, crashes } = watched;
  const wired = receives ? settings().sources : [];
  let status: Promise<InboxStatus> | undefined;
  return {
    ...known,
    now: Date.now(),
    wired,
    sources: wired.filter(({ schemes }) => schemes.length > 0),
    tallyOf: (source) => tallies.get(source) as Tally,
    takesWrites: inbox.takesWrites(),
    trouble: inbox.trouble(),
    refusalsLost: refused.losses(),
    refusedDays,
    apart: supervisor.quarantined(),
    crashes,
    status: () => {
      status ??= inbox.status().then((told) => {
        hearDoubt(told.clockDoubtMs ?? 0);
        return told;
      });
      return status;
    },
    believeClock: () => void inbox.believeClock().catch(() => {}),
    disk: async () => (inboxFolder === undefined ? undefined : await readDisk(inboxFolder)),
  };
}
