/**
 * Tells dispatching replicas that there is something for them, and hears it: LISTEN and NOTIFY.
 *
 *   work      something waits that whoever told of it could not hand out itself
 *   members   a replica came or went, or gave slots back
 *
 * Only a hint: whoever misses it looks once a second anyway, as all do where the database has no LISTEN. A NOTIFY makes
 * every commit of its transaction wait for all others in the database, so it never travels with events: it goes alone, at
 * most so often, and need not be on disk.
 */
import type pg from 'pg';
import { connect } from './connection.ts';
import type { Asked } from './statements.ts';

const CHANNEL = 'consignee';
const TOGETHER_MS = 20;
const AGAIN_MS = 1_000;

export type Ring = 'work' | 'members';

export async function ringForWork(asked: Asked): Promise<void> {
  await asked.query('SELECT pg_notify($1, $2)', [CHANNEL, 'work' satisfies Ring]);
}

export class Bell {
  readonly #url: string;
  readonly #pool: pg.Pool;
  readonly #hear: (ring: Ring) => void;
  readonly #planned = new Set<Ring>();
  #client: pg.Client | undefined;
  #closed = false;
  #again: NodeJS.Timeout | undefined;

  constructor(url: string, pool: pg.Pool, hear: (ring: Ring) => void) {
    this.#url = url;
    this.#pool = pool;
    this.#hear = hear;
  }

  /** Listens, and goes on trying for as long as it cannot. */
  async listen(): Promise<void> {
    if (this.#closed) return;
    try {
      const client = await connect(this.#url);
      this.#client = client;
      client.on('notification', ({ payload }) => this.#hear(payload as Ring));
      client.once('end', () => this.#lose(client));
      await client.query(`LISTEN ${CHANNEL}`);
      // What was rung in the meantime.
      this.#hear('members');
      this.#hear('work');
    } catch {
      this.#lose(this.#client);
    }
    if (this.#closed) await this.#client?.end().catch(() => {});
  }

  ring(ring: Ring): void {
    if (this.#planned.has(ring) || this.#closed) return;
    this.#planned.add(ring);
    setTimeout(() => void this.ringNow(ring), TOGETHER_MS);
  }

  async ringNow(ring: Ring): Promise<void> {
    this.#planned.delete(ring);
    const text = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";
    await this.#pool.query({ name: 'ring', text, values: [CHANNEL, ring] }).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    await this.#client?.end().catch(() => {});
  }

  #lose(client: pg.Client | undefined): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (client) void client.end().catch(() => {});
    if (this.#closed) return;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.listen(), AGAIN_MS * (0.5 + Math.random())).unref();
  }
}
