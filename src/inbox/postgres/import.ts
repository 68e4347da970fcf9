/**
 * Takes in the rows of an inbox that is being moved in. For ../move.ts, between the two ends of move-in.ts. As often as one
 * likes: what an earlier run brought is brought up to date. What is to do waits in `moving_work`.
 */
import type pg from 'pg';
import type { Batch, MovedAttempt, MovedEvent, MovedState, MovedWork } from '../move-rows.ts';
import { bigintList, booleanList, bytesList, integerList, textList } from './binary-array.ts';
import { atomically } from './connection.ts';
import { type Sorted, sortOut } from './sort-out.ts';

/** In `work`, of whoever is gone: whoever adopts it writes down that its process has ended. No replica has this number. */
const NOBODY = -1;

export class Import {
  readonly #client: pg.ClientBase;
  /** Whether there was nothing before. */
  readonly isEmpty: boolean;
  /** Numbers of events that are here under other ones. */
  readonly duplicates = new Set<number>();
  /** Numbers of events of which another body is here. */
  readonly held = new Set<number>();

  private constructor(client: pg.ClientBase, isEmpty: boolean) {
    this.#client = client;
    this.isEmpty = isEmpty;
  }

  static async into(client: pg.ClientBase): Promise<Import> {
    const { rowCount } = await client.query('SELECT FROM keys LIMIT 1');
    return new Import(client, rowCount === 0);
  }

  /** Throws if an event of the batch cannot be taken in. Changes nothing. */
  async examine({ events }: Batch): Promise<void> {
    await this.#sort(events);
  }

  async store(batch: Batch): Promise<void> {
    const sorted = await this.#sort(batch.events);
    for (const { number } of sorted.duplicates) this.duplicates.add(number);
    for (const { number } of sorted.held) this.held.add(number);
    await atomically(this.#client, async () => {
      const missing = sorted.known.length === 0 ? [] : await this.#renew(sorted.known);
      await this.#insertKeys(sorted.fresh);
      await this.#insertEvents([...sorted.fresh, ...missing]);
      await this.#insertAttempts(this.#wanted(batch.attempts));
      await this.#insertWork(this.#wanted(batch.work));
      await this.#insertNewest(this.#wanted(batch.newest).filter(({ event }) => !this.held.has(event)));
    });
  }

  /** Without it the database would look through whole tables for a few rows. */
  async analyze(): Promise<void> {
    await this.#client.query('ANALYZE keys, inbox, attempts, moving_work, newest');
  }

  async #sort(events: readonly MovedEvent[]): Promise<Sorted> {
    if (this.isEmpty) return { fresh: events, known: [], held: [], duplicates: [] };
    return await sortOut(this.#client, events);
  }

  #wanted<T extends { readonly event: number }>(rows: readonly T[]): readonly T[] {
    return rows.filter(({ event }) => !this.duplicates.has(event));
  }

  /** Brings up to date what changes in the life of an event. Answers with those that are not here whole. */
  async #renew(known: readonly MovedEvent[]): Promise<MovedEvent[]> {
    const all = [bigintList(known.map(({ number }) => number))];
    const purged = [bigintList(known.filter(({ body }) => body === null).map(({ number }) => number))];
    await this.#client.query('DELETE FROM attempts WHERE event = ANY ($1::bigint[])', all);
    await this.#client.query('DELETE FROM inbox WHERE number = ANY ($1::bigint[])', purged);
    await this.#client.query('DELETE FROM newest WHERE event = ANY ($1::bigint[])', purged);
    await this.#client.query(
      `DELETE FROM inbox USING keys
       WHERE inbox.number = ANY ($1::bigint[]) AND keys.number = inbox.number AND sha256(body) <> digest`,
      all,
    );
    const { rows } = await this.#client.query<{ number: number }>(
      'SELECT number FROM inbox WHERE number = ANY ($1::bigint[])',
      all,
    );
    const there = new Set(rows.map(({ number }) => number));
    return known.filter(({ number }) => !there.has(number));
  }

  async #insertKeys(events: readonly MovedEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.#client.query({
      name: 'move-keys',
      text: 'INSERT INTO keys (identity, number, digest) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[])',
      values: [
        bytesList(events.map(({ identity }) => identity)),
        bigintList(events.map(({ number }) => number)),
        bytesList(events.map(({ digest }) => digest)),
      ],
    });
  }

  async #insertEvents(all: readonly MovedEvent[]): Promise<void> {
    const events = all.filter(({ body }) => body !== null);
    if (events.length === 0) return;
    await this.#client.query({
      name: 'move-events',
      text: `INSERT INTO inbox (number, received_at, source, type, external_id, is_json, held, address, headers, evidence, body)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[],
          $8::text[], $9::text[], $10::text[], $11::bytea[])`,
      values: [
        bigintList(events.map(({ number }) => number)),
        bigintList(events.map(({ receivedAt }) => receivedAt)),
        textList(events.map(({ source }) => source)),
        textList(events.map(({ type }) => type)),
        textList(events.map(({ externalId }) => externalId)),
        booleanList(events.map(({ isJson }) => isJson)),
        textList(events.map(({ held }) => held)),
        textList(events.map(({ address }) => address)),
        textList(events.map(({ headers }) => headers)),
        textList(events.map(({ evidence }) => evidence)),
        bytesList(events.map(({ body }) => body)),
      ],
    });
  }

  async #insertAttempts(attempts: readonly MovedAttempt[]): Promise<void> {
    if (attempts.length === 0) return;
    await this.#client.query({
      name: 'move-attempts',
      text: `INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error, status, output)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::int[], $5::int[], $6::text[], $7::text[],
          $8::text[], $9::text[])`,
      values: [
        bigintList(attempts.map(({ event }) => event)),
        textList(attempts.map(({ handler }) => handler)),
        bigintList(attempts.map(({ startedAt }) => startedAt)),
        integerList(attempts.map(({ attempt }) => attempt)),
        integerList(attempts.map(({ ms }) => ms)),
        textList(attempts.map(({ outcome }) => outcome)),
        textList(attempts.map(({ error }) => error)),
        textList(attempts.map(({ status }) => status)),
        textList(attempts.map(({ output }) => output)),
      ],
    });
  }

  /** What a killed service was handling is as what a killed replica was: the first that dispatches takes it over. */
  async #insertWork(work: readonly MovedWork[]): Promise<void> {
    if (work.length === 0) return;
    const isHeld = ({ event }: MovedWork) => this.held.has(event);
    const stateOf = (one: MovedWork) => (isHeld(one) && one.state !== 'dead' ? 'held' : one.state);
    await this.#client.query({
      name: 'move-work',
      text: `INSERT INTO moving_work (event, handler, state, attempts, due, alone, behind, owner, thing)
        SELECT event, handler, state, attempts, due, alone, behind, CASE state WHEN 'handling' THEN ${NOBODY} END, thing
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::boolean[], $7::boolean[], $8::bytea[])
          AS given (event, handler, state, attempts, due, alone, behind, thing)`,
      values: [
        bigintList(work.map(({ event }) => event)),
        textList(work.map(({ handler }) => handler)),
        textList(work.map(stateOf)),
        integerList(work.map(({ attempts }) => attempts)),
        bigintList(work.map(({ due }) => due)),
        booleanList(work.map(({ alone }) => alone)),
        booleanList(work.map((one) => one.behind && !isHeld(one))),
        bytesList(work.map((one) => (isHeld(one) ? null : one.thing))),
      ],
    });
  }

  async #insertNewest(states: readonly MovedState[]): Promise<void> {
    if (states.length === 0) return;
    await this.#client.query(
      `INSERT INTO newest AS known (handler, thing, at, event) SELECT * FROM ${STATES}
       ON CONFLICT (handler, thing) DO UPDATE SET at = excluded.at, event = excluded.event
       WHERE (excluded.at, excluded.event) > (known.at, known.event)`,
      listsOf(states),
    );
  }
}

export const STATES =
  'unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[]) AS given (handler, thing, at, event)';

export function listsOf(states: readonly MovedState[]): Buffer[] {
  return [
    textList(states.map(({ handler }) => handler)),
    bytesList(states.map(({ thing }) => thing)),
    bigintList(states.map(({ at }) => at)),
    bigintList(states.map(({ event }) => event)),
  ];
}
