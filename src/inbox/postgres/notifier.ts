/**
 * Notices among replicas, by LISTEN and NOTIFY: there is something for those that dispatch.
 *
 *   actions   a person has ordered something of many deliveries
 *   work      something waits that whoever says so could not hand out itself
 *   members   a replica came or went, or gave slots back
 *   circuits  a target's circuit breaker opened or closed
 *   pauses    a person has paused or resumed a handler
 *
 * Only a hint: whoever misses it looks once a second anyway, as all do where the database has no LISTEN. A NOTIFY makes
 * every commit of its transaction wait for all others in the database, so it never travels with events: it goes alone, at
 * most so often, and need not be on disk.
 */
import type pg from 'pg';
import { type Asked, connect } from './connection.ts';
import { NOTICES, type Notice, type Tell } from './replica-event.ts';

const CHANNEL = 'consignee';
const TOGETHER_MS = 20;
const AGAIN_MS = 1_000;

export async function notifyOf(asked: Asked, notice: Notice): Promise<void> {
  await asked.query('SELECT pg_notify($1, $2)', [CHANNEL, notice]);
}

export class Notifier {
  readonly #url: string;
  readonly #pool: pg.Pool;
  readonly #tell: Tell;
  readonly #planned = new Set<Notice>();
  #client: pg.Client | undefined;
  #closed = false;
  #again: NodeJS.Timeout | undefined;

  constructor(url: string, pool: pg.Pool, tell: Tell) {
    this.#url = url;
    this.#pool = pool;
    this.#tell = tell;
  }

  /** Listens, and goes on trying for as long as it cannot. */
  async listen(): Promise<void> {
    if (this.#closed) return;
    try {
      const client = await connect(this.#url);
      this.#client = client;
      client.on('notification', ({ payload }) => this.#hear(payload));
      client.once('end', () => this.#lose(client));
      await client.query(`LISTEN ${CHANNEL}`);
      // Whatever was sent in the meantime.
      for (const notice of NOTICES) this.#hear(notice);
    } catch {
      this.#lose(this.#client);
    }
    if (this.#closed) await this.#client?.end().catch(() => {});
  }

  notify(notice: Notice): void {
    if (this.#planned.has(notice) || this.#closed) return;
    this.#planned.add(notice);
    setTimeout(() => void this.notifyNow(notice), TOGETHER_MS);
  }

  async notifyNow(notice: Notice): Promise<void> {
    this.#planned.delete(notice);
    const text = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";
    await this.#pool.query({ name: 'notify', text, values: [CHANNEL, notice] }).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    await this.#client?.end().catch(() => {});
  }

  /** A later release may send others. */
  #hear(payload: string | undefined): void {
    const notice = NOTICES.find((known) => known === payload);
    if (notice) this.#tell({ kind: 'notice', notice });
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
