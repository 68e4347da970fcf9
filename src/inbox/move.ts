/**
 * Moving house: an inbox goes from an SQLite file to PostgreSQL, whole, and its events are never due in both places.
 *
 *   1  the file is locked: no service runs on it, none can start                        until the end
 *   2  the database is marked: no replica takes its place there, no command looks in    until 6
 *   3  keys, events, attempts and states are copied; what is to do is put aside, where nobody hands it out
 *   4  what the database has stored is compared: counts, and the digest of every body
 *   5  the file is marked as moved, and its work removed, in one transaction: nobody opens it any more
 *   6  what was put aside is due, and the database's mark is gone, in one transaction
 *
 * It may end anywhere and be run again. Before 5 the file is in force as if nothing had been; if its service went on in the
 * meantime, the next run brings up to date what was copied. Between 5 and 6 nothing is due anywhere, and the next run does
 * nothing but 6. What fails without ending the process before 5 takes the database's mark away.
 *
 * Numbers, and so ids, stay what they are. What was being handled when its service was killed is taken over as from a replica that
 * was. Refused requests are not part of the inbox. Called by cli/migrate.ts.
 */
import { hash } from 'node:crypto';
import { ConfigError } from '../base/errors.ts';
import { idOf } from './event-id.ts';
import type { MovedEvent } from './move-rows.ts';
import { type Connection, connect } from './postgres/connection.ts';
import { Import } from './postgres/import.ts';
import { differing, unknownOf } from './postgres/import-check.ts';
import { beginMove, cancelMove, endMove, takeMoveLock } from './postgres/move-in.ts';
import { inboxAt, movedInAt, movingIn } from './postgres/moving.ts';
import { examineDatabase, prepareDatabase } from './postgres/schema.ts';
import type { Source } from './sqlite/export.ts';
import type { Moved } from './sqlite/moved.ts';

const TELL_MS = 5_000;
const NAMED = 5;

export interface Move {
  readonly source: Source;
  /** The source's place, as people are to see it. */
  readonly from: string;
  readonly url: string;
  /** The target's place, as people are to see it. */
  readonly place: string;
  /** How long a replica's beat must stand still for it to be dead. */
  readonly leaseMs: number;
  readonly tell: (line: string) => void;
}

export interface Copied {
  readonly events: number;
  /** Of them, those that were purged. */
  readonly purged: number;
  /** Of them, those that are held, since they came there with another body. */
  readonly held: number;
  readonly attempts: number;
  /** Events that did not move: they came there too. */
  readonly duplicates: number;
}

/** `finished`: an earlier run had done all but the last step. `before`: it had done that too. */
export type Outcome =
  | (Copied & { readonly what: 'moved'; readonly work: number })
  | { readonly what: 'finished'; readonly work: number }
  | { readonly what: 'before'; readonly at: string };

/** Throws ConfigError if either side is not fit, and whatever goes wrong on the way; `source.moved` says whether 5 was done. */
export async function moveInbox(move: Move): Promise<Outcome> {
  const { source, url, place } = move;
  const { moved } = source;
  if (!moved) await prepareDatabase(url, place, source.id);
  else await refuseUnlessThere(move, moved);
  const client = await connect(url);
  try {
    await takeMoveLock(client);
    return moved ? await finish(move, moved, client) : await carry(move, client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function carry({ source, from, place, leaseMs, tell }: Move, client: Connection): Promise<Outcome> {
  await beginMove(client, place, { inbox: source.id, from }, leaseMs, tell);
  const copied = await copy(source, client, tell).catch(async (error) => {
    await cancelMove(client).catch(() => {});
    throw error;
  });
  const inbox = await inboxAt(client);
  if (inbox === undefined || (await movingIn(client))?.inbox !== source.id) {
    throw new Error('somebody has changed the database in the meantime');
  }
  // From here on nothing is called off: a commit that failed may yet turn out to be on disk.
  source.markMoved({ place, inbox });
  return { what: 'moved', ...copied, work: await endMove(client, source.id, source.secretUses()) };
}

async function copy(source: Source, client: Connection, tell: (line: string) => void): Promise<Copied> {
  const taken = await Import.into(client);
  const counts = { events: 0, purged: 0, attempts: 0 };
  const progress = progressOf(source, tell);
  // What cannot be taken in is found before anything is mixed with what is there.
  for (const batch of taken.isEmpty ? [] : progress('examined', source.batches())) {
    refuseSpoilt(batch.events);
    await taken.examine(batch);
  }
  for (const batch of progress('copied', source.batches())) {
    refuseSpoilt(batch.events);
    await taken.store(batch);
    const events = batch.events.filter(({ number }) => !taken.duplicates.has(number));
    counts.events += events.length;
    counts.purged += events.filter(({ body }) => body === null).length;
    counts.attempts += batch.attempts.filter(({ event }) => !taken.duplicates.has(event)).length;
  }
  await taken.analyze();
  await compare(source, taken, client, progress);
  return { ...counts, duplicates: taken.duplicates.size, held: taken.held.size };
}

async function compare(source: Source, taken: Import, client: Connection, progress: Progress): Promise<void> {
  const wrong: number[] = [];
  for (const { events } of progress('compared', source.marks())) {
    const moved = events.filter(({ number }) => !taken.duplicates.has(number));
    wrong.push(...(await differing(client, moved)));
  }
  const states = source
    .newest()
    .filter(({ event }) => !taken.duplicates.has(event) && !taken.held.has(event));
  wrong.push(...(await unknownOf(client, states)));
  if (wrong.length > 0) throw new Error(`what was stored of ${named(wrong)} is not what was given`);
}

interface Step {
  readonly events: readonly unknown[];
}

type Progress = <T extends Step>(done: string, steps: Iterable<T>) => Generator<T>;

/** Tells now and then how far it is. */
function progressOf(source: Source, tell: (line: string) => void): Progress {
  const all = source.events.toLocaleString('en');
  let told = performance.now();
  return function* (done, steps) {
    let count = 0;
    for (const step of steps) {
      yield step;
      count += step.events.length;
      if (performance.now() - told < TELL_MS) continue;
      told = performance.now();
      tell(`${count.toLocaleString('en')} of ${all} events ${done}.`);
    }
  };
}

function refuseSpoilt(events: readonly MovedEvent[]): void {
  const spoilt = events.filter(({ body, digest }) => body && !hash('sha256', body, 'buffer').equals(digest));
  if (spoilt.length === 0) return;
  const ids = named(spoilt.map(({ number }) => number));
  throw new Error(`the bytes of ${ids} are not those that were received`);
}

function named(numbers: readonly number[]): string {
  const more = numbers.length > NAMED ? ` and ${numbers.length - NAMED} more` : '';
  return `${numbers.slice(0, NAMED).map(idOf).join(', ')}${more}`;
}

async function refuseUnlessThere({ source, url, place, from }: Move, moved: Moved): Promise<void> {
  const { problem, isThere } = await examineDatabase(url, place, source.id);
  if (problem) throw new ConfigError([problem]);
  if (!isThere) throw movedElsewhere(from, moved);
}

async function finish({ source, from, place }: Move, moved: Moved, client: Connection): Promise<Outcome> {
  if ((await inboxAt(client)) !== moved.inbox) throw movedElsewhere(from, moved);
  const at = await movedInAt(client, source.id);
  if (at !== undefined) return { what: 'before', at };
  if ((await movingIn(client))?.inbox === source.id) {
    return { what: 'finished', work: await endMove(client, source.id, source.secretUses()) };
  }
  const wrong = `names PostgreSQL at ${place}, where ${from} has moved, and nothing is known of it there`;
  const fix = 'Was that database restored from an older backup? Restore one from after the move.';
  throw new ConfigError([{ setting: 'DATABASE_URL', wrong, fix }]);
}

function movedElsewhere(from: string, { place }: Moved): ConfigError {
  const wrong = `names ${from}, which has moved to PostgreSQL at ${place}`;
  return new ConfigError([{ setting: '--from', wrong, fix: 'To finish that move, name that database.' }]);
}
