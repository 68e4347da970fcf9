/**
 * What becomes of an event on its way into an inbox that is not empty. Part of import.ts.
 *
 *   nothing is known of it              it is new
 *   its number and its key are here     an earlier run brought it
 *   its key is here, another number     it came here by itself as well: this inbox's own stays, it is a duplicate
 *   the same, but of another body       it is kept beside the other one and held, as when it is received
 *   its number is of another event      refused: ids must stay what they are
 */
import { idOf } from '../event-id.ts';
import { conflictIdentity, whyHeldBeside } from '../identity.ts';
import type { MovedEvent } from '../move-rows.ts';
import { bigintList, bytesList } from './binary-array.ts';
import type { Asked } from './statements.ts';

export interface Sorted {
  readonly fresh: readonly MovedEvent[];
  readonly known: readonly MovedEvent[];
  /** Those of `fresh` and `known` of which another body is here. */
  readonly held: readonly MovedEvent[];
  readonly duplicates: readonly MovedEvent[];
}

interface Key {
  readonly number: number;
  readonly identity: Buffer;
  readonly digest: Buffer;
}

interface Keys {
  readonly byNumber: ReadonlyMap<number, Key>;
  readonly byIdentity: ReadonlyMap<string, Key>;
}

export async function sortOut(asked: Asked, events: readonly MovedEvent[]): Promise<Sorted> {
  const keys = await lookUp(asked, events);
  const sorted = { fresh: [], known: [], held: [], duplicates: [] } as Record<keyof Sorted, MovedEvent[]>;
  for (const event of events) {
    const { kind, as, isHeld } = judge(event, keys);
    sorted[kind].push(as);
    if (isHeld) sorted.held.push(as);
  }
  return sorted;
}

async function lookUp(asked: Asked, events: readonly MovedEvent[]): Promise<Keys> {
  const identities = events.flatMap((event) => [event.identity, conflictIdentity(event.source, event)]);
  const { rows } = await asked.query<Key>(
    `SELECT number, identity, digest FROM keys WHERE identity = ANY ($1::bytea[])
     UNION SELECT number, identity, digest FROM keys WHERE number = ANY ($2::bigint[])`,
    [bytesList(identities), bigintList(events.map(({ number }) => number))],
  );
  return {
    byNumber: new Map(rows.map((row) => [row.number, row])),
    byIdentity: new Map(rows.map((row) => [row.identity.toString('hex'), row])),
  };
}

function judge(event: MovedEvent, { byNumber, byIdentity }: Keys) {
  const conflict = conflictIdentity(event.source, event);
  const own = byNumber.get(event.number);
  const first = byIdentity.get(event.identity.toString('hex'));
  if (own?.identity.equals(event.identity)) return { kind: 'known', as: event, isHeld: false } as const;
  if (own?.identity.equals(conflict))
    return { kind: 'known', as: held(event, conflict, first), isHeld: true } as const;
  if (own)
    throw new Error(`${idOf(event.number)} is another event there: this inbox needs a database of its own`);
  if (!first) return { kind: 'fresh', as: event, isHeld: false } as const;
  const isTheSame = first.digest.equals(event.digest) || event.body === null;
  if (isTheSame || byIdentity.has(conflict.toString('hex')))
    return { kind: 'duplicates', as: event, isHeld: false } as const;
  return { kind: 'fresh', as: held(event, conflict, first), isHeld: true } as const;
}

function held(event: MovedEvent, identity: Buffer, first: Key | undefined): MovedEvent {
  return { ...event, identity, held: whyHeldBeside(first && idOf(first.number)) };
}
