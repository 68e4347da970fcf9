/**
 * A target's slots, shared out among the replicas that dispatch to it: together never more than its concurrency.
 *
 * Each replica aims at its even part, and takes what is missing only from what nobody holds. Whoever has too much hands
 * nothing more out and gives back what its handlers have finished. The table is changed by one replica at a time.
 */
import type pg from 'pg';
import { integerList, textList } from './binary-array.ts';
import { type Asked, inTransaction } from './connection.ts';
import type { Replica } from './lease.ts';
import type { OwnershipOptions } from './ownership.ts';

const SHARES_LOCK = 0x4373_6773;

interface ShareRow {
  readonly target: string;
  readonly replica: number;
  readonly slots: number;
}

interface Claimant {
  readonly id: number;
  /** Concurrency by target. */
  readonly wanted: ReadonlyMap<string, number>;
  /** How many of a target are out here. */
  readonly outOf: (target: string) => number;
  /** So many may be out from now on. */
  readonly resize: (target: string, slots: number) => void;
}

/** What the handlers' thread of this replica has granted, and the part of it that is this replica's. */
export class Shares {
  /** Concurrency by target. */
  readonly #granted = new Map<string, number>();

  grant(more: Readonly<Record<string, number>>): void {
    for (const [target, slots] of Object.entries(more)) {
      this.#granted.set(target, (this.#granted.get(target) ?? 0) + slots);
    }
  }

  forget(): void {
    this.#granted.clear();
  }

  /** Answers whether its shares have changed. */
  async balance({ pool, lease, scheduler }: OwnershipOptions): Promise<boolean> {
    const { id, members } = lease;
    const { generation, targets } = scheduler;
    if (id === undefined || this.#granted.size === 0) return false;
    const wanted = new Map(this.#granted);
    const resize = (target: string, slots: number) => {
      // Slots may have been cleared meanwhile: the next grant asks again.
      if (scheduler.generation !== generation) return;
      targets.resize(target, slots, slots / (wanted.get(target) as number), Date.now());
    };
    const outOf = (target: string) => targets.named(target).out;
    return await balance(pool, { id, wanted, outOf, resize }, members);
  }
}

/** Brings this replica's shares as near to its even part as the others let it. Answers whether they have changed. */
export async function balance(
  pool: pg.Pool,
  claimant: Claimant,
  members: readonly Replica[],
): Promise<boolean> {
  const { id, resize } = claimant;
  const before = await readShares(pool);
  const heldBefore = (target: string) =>
    before.find((row) => row.target === target && row.replica === id)?.slots ?? 0;
  const planned = duesOf(claimant, members, before);
  // What is given back is not handed out any more when others may take it, and what is new not before it is ours.
  for (const { target, part } of planned) resize(target, Math.min(part, heldBefore(target)));
  if (planned.every(({ target, held }) => held === heldBefore(target))) return false;
  const dues = await inTransaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [SHARES_LOCK]);
    const dues = duesOf(claimant, members, await readShares(client));
    await client.query(
      `INSERT INTO shares (target, replica, slots) SELECT target, $1, slots
       FROM unnest($2::text[], $3::int[]) AS due (target, slots) WHERE EXISTS (SELECT FROM replicas WHERE id = $1)
       ON CONFLICT (target, replica) DO UPDATE SET slots = excluded.slots`,
      [id, textList(dues.map(({ target }) => target)), integerList(dues.map(({ held }) => held))],
    );
    return dues;
  });
  for (const { target, part } of dues) resize(target, part);
  return true;
}

/** Of the living only: who has died holds nothing. */
async function readShares(asked: Asked): Promise<readonly ShareRow[]> {
  const { rows } = await asked.query<ShareRow>({
    name: 'shares',
    text: 'SELECT target, replica, slots FROM shares WHERE replica IN (SELECT id FROM replicas)',
  });
  return rows;
}

/** What a replica should have of each target. `part`: as far as the others let it. `held`: or more if more are still out. */
function duesOf({ id, wanted, outOf }: Claimant, members: readonly Replica[], rows: readonly ShareRow[]) {
  return [...wanted].map(([target, concurrency]) => {
    const others = rows.filter((row) => row.target === target && row.replica !== id);
    const free = concurrency - others.reduce((sum, row) => sum + row.slots, 0);
    const part = Math.max(0, Math.min(evenPart(target, concurrency, id, members), free));
    return { target, part, held: Math.max(part, outOf(target)) };
  });
}

/** What is left over after an even division goes to other replicas for other targets. */
function evenPart(target: string, concurrency: number, id: number, members: readonly Replica[]): number {
  const among = members.filter(({ targets }) => targets.includes(target)).map((member) => member.id);
  if (!among.includes(id)) among.push(id);
  const turn = Buffer.from(target).reduce((sum, byte) => sum + byte, 0);
  const rank = (among.indexOf(id) + turn) % among.length;
  return Math.floor(concurrency / among.length) + (rank < concurrency % among.length ? 1 : 0);
}
