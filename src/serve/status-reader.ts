/**
 * Finds out what the status of the running service is made of (status.ts), at the same time and within seconds: what does not answer by
 * then is not known. Called by the console.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { iso } from '../base/times.ts';
import { VERSION } from '../base/version.ts';
import type { Database, InboxStatus } from '../inbox/contract.ts';
import { driverOf } from '../inbox/driver.ts';
import type { Alarm } from '../inbox/kept-alarms.ts';
import type { Standing } from '../inbox/standing.ts';
import { readDisk } from './disk.ts';
import { type Role, type ServiceStatus, type StatusFacts, statusOf } from './status.ts';

/** Whoever asks waits for no longer; a large backlog in PostgreSQL may take some seconds to be counted. */
const ANSWER_MS = 7_000;

/** What a running service knows, and whom it asks. */
export interface StatusSource {
  readonly role: Role;
  readonly database: Database;
  readonly startedAt: number;
  readonly folder: string;
  sources(): StatusFacts['sources'];
  isReady(): boolean;
  alarms(): readonly Alarm[];
  work(): Promise<InboxStatus>;
  standing(): Promise<Standing | undefined>;
  /** Why what stands there is not all that was counted; undefined if it is. */
  untold(): string | undefined;
}

export async function readStatus(from: StatusSource): Promise<ServiceStatus> {
  const [standing, work, disk] = await Promise.all([
    toldInTime(from.standing().then((known) => wholeOf(known, from.untold()))),
    toldInTime(from.work()),
    toldInTime(readDisk(from.folder)),
  ]);
  const startedAt = iso(from.startedAt);
  const service = {
    version: VERSION,
    startedAt,
    role: from.role,
    place: inboxPlace(from.database),
    isReady: from.isReady(),
  };
  return statusOf({ sources: from.sources(), service, alarms: from.alarms(), standing, work, disk });
}

/** What is not all that happened would look as if all were well. */
function wholeOf(known: Standing | undefined, untold: string | undefined): Standing | string {
  if (untold !== undefined) return `the inbox does not take what was counted: ${untold}`;
  return known ?? 'there is no inbox';
}

async function toldInTime<T>(told: Promise<T>): Promise<T | string> {
  const late = sleep(ANSWER_MS, `there was no answer within ${ANSWER_MS / 1_000} s`, { ref: false });
  return await Promise.race([told, late]).catch((error: Error) => error.message);
}

export function inboxPlace(database: Database): string {
  const { file, place } = driverOf(database);
  return file === undefined ? place : resolve(file);
}
