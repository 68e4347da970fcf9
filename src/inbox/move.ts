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
 * It may end anywhere and be run again. Before 5 the file is in force as if nothing had been, and the next run throws away
 * what was copied and begins anew. Between 5 and 6 nothing is due anywhere, and the next run does nothing but 6. An error
 * before 5 that does not end the process leaves the database empty and without its mark.
 *
 * The database must be empty: there is no merging of two inboxes. Numbers, and so ids, stay what they are. Refused requests
 * are not part of the inbox, and search keys are made anew where the events are now. Called by ops/migrate.ts.
 */
import { hash } from 'node:crypto';
import { ConfigError } from '../base/errors.ts';
import { amount } from '../base/words.ts';
import { idOf } from './event-id.ts';
import type { MovedEvent } from './move-rows.ts';
import { type Connection, connect } from './postgres/connection.ts';
import { analyzeImported, differing, importBatch, importDuplicates } from './postgres/import.ts';
import { beginMove, cancelMove, endMove, movedInAt, takeMoveLock } from './postgres/move-in.ts';
import { examineDatabase, inboxAt, movingIn } from './postgres/schema.ts';
import { prepareDatabase } from './postgres/tables.ts';
import { addTallyRows } from './postgres/tallies.ts';
import { openSource, type Source } from './sqlite/export.ts';
import type { Moved } from './sqlite/files.ts';

export { openSource, type Source };

const TELL_MS = 5_000;
const NAMED = 5;

interface Move {
  readonly source: Source;
  /** The source's place, as people are to see it. */
  readonly from: string;
  readonly url: string;
  /** The target's place, as people are to see it. */
  readonly place: string;
  /** A replica whose heartbeat stands still for so long is dead. */
  readonly leaseMs: number;
  readonly tell: (line: string) => void;
}

/** `finished`: an earlier run had done all but the last step. `before`: it had done that too. */
export type MoveOutcome =
  | (Awaited<ReturnType<typeof copy>> & { readonly what: 'moved'; readonly work: number })
  | { readonly what: 'finished'; readonly work: number }
  | { readonly what: 'before'; readonly at: string };

/** Throws ConfigError if either side is not fit, and whatever goes wrong on the way; `source.moved` says whether 5 was done. */
export async function moveInbox(move: Move): Promise<MoveOutcome> {
  const { source, url, place, tell } = move;
  const { moved } = source;
  const say = (waitsFor: string) => tell(`Waiting for ${waitsFor}.`);
  if (!moved) await prepareDatabase(url, place, { mover: source.id, say });
  else await refuseUnlessThere(move, moved);
  const client = await connect(url);
  try {
    await takeMoveLock(client);
    return moved ? await finish(move, moved, client) : await copyOver(move, client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function copyOver(move: Move, client: Connection): Promise<MoveOutcome> {
  const { source, from, place, leaseMs, tell } = move;
  const moveIn = { moving: { inbox: source.id, from }, newest: source.newest, place, leaseMs, tell };
  await beginMove(client, moveIn);
  const copied = await copy(source, client, tell).catch(async (error) => {
    await cancelMove(client, moveIn).catch(() => {});
    throw error;
  });
  const inbox = await inboxAt(client);
  if (inbox === undefined || (await movingIn(client))?.inbox !== source.id) {
    throw new Error('somebody has changed the database in the meantime');
  }
  // From here on nothing is called off: a commit that failed may yet turn out to be on disk.
  source.markMoved({ place, inbox });
  return { what: 'moved', ...copied, work: await endMove(client, source) };
}

/** Of the `events` that it counts so many were `purged`: only their keys have moved. */
async function copy(source: Source, client: Connection, tell: (line: string) => void) {
  const counts = { events: 0, purged: 0, attempts: 0 };
  const all = amount(source.events);
  const tellOf = (done: string) => (count: number) => tell(`${amount(count)} of ${all} events ${done}.`);
  for (const batch of telling(source.batches(), tellOf('copied'))) {
    refuseSpoilt(batch.events);
    await importBatch(client, batch);
    counts.events += batch.events.length;
    counts.purged += batch.events.filter(({ body }) => body === null).length;
    counts.attempts += batch.attempts.length;
  }
  for (const rows of source.tallies()) await addTallyRows(client, rows);
  await importDuplicates(client, source.duplicates());
  await analyzeImported(client);
  const wrong: number[] = [];
  for (const { events } of telling(source.marks(), tellOf('compared')))
    wrong.push(...(await differing(client, events)));
  if (wrong.length > 0) throw new Error(`what was stored of ${named(wrong)} is not what was given`);
  return counts;
}

function* telling<T extends { readonly events: readonly unknown[] }>(
  steps: Iterable<T>,
  tell: (count: number) => void,
): Generator<T> {
  let count = 0;
  let told = performance.now();
  for (const step of steps) {
    yield step;
    count += step.events.length;
    if (performance.now() - told < TELL_MS) continue;
    told = performance.now();
    tell(count);
  }
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

async function finish({ source, from, place }: Move, moved: Moved, client: Connection): Promise<MoveOutcome> {
  if ((await inboxAt(client)) !== moved.inbox) throw movedElsewhere(from, moved);
  const at = await movedInAt(client, source.id);
  if (at !== undefined) return { what: 'before', at };
  if ((await movingIn(client))?.inbox === source.id) {
    return { what: 'finished', work: await endMove(client, source) };
  }
  const wrong = `names PostgreSQL at ${place}, where ${from} has moved, and nothing is known of it there`;
  const fix = 'Was that database restored from an older backup? Restore one from after the move.';
  throw new ConfigError([{ setting: 'DATABASE_URL', wrong, fix }]);
}

function movedElsewhere(from: string, { place }: Moved): ConfigError {
  const wrong = `names ${from}, which has moved to PostgreSQL at ${place}`;
  return new ConfigError([{ setting: '--from', wrong, fix: 'To finish that move, name that database.' }]);
}
