/**
 * What is shown of a selection: pages, newest first, what comes in, and how much there is. Made by reader.ts, over either database.
 *
 * What an index names is read at once: ids, search keys, and what waits for a person. Everything else is walked in slices, back
 * from the newest event, with a rest after each, until the page is full or the walk has come to its bound: then the page says
 * how far it looked, and where to go on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { findFresh, type SearchTables } from './fresh-keys.ts';
import type { Selection } from './selection.ts';
import type { SelectionContext } from './selection-sql.ts';
import {
  boundaryOf,
  deliveriesIn,
  eventsIn,
  type NumberRange,
  numberRangeOf,
  type SelectedDelivery,
} from './selection-steps.ts';
import type { StoredSource } from './stored-source.ts';
import type { EventSummary } from './summary.ts';

/** What a walk looks at before it asks whether to go on. */
interface WalkBound {
  readonly looks: number;
  readonly ms: number;
}
const WALK_BOUND: WalkBound = { looks: 1_000_000, ms: 20_000 };

const SLICE = { first: 1_000, most: 50_000, ms: 250 } as const;
const REST_MS = 5;
/** Only so many are counted: a number is not worth a walk. */
const COUNT_LOOKS = 10_000;

export interface PageOptions {
  readonly limit: number;
  /** Only events with smaller numbers: where the page before ended. */
  readonly before?: number;
  readonly bound?: WalkBound;
  /** Hears after each slice how many events have been looked at, and the number of the last. */
  readonly onProgress?: (looked: number, last: number) => void;
}

export interface Page {
  readonly events: readonly EventSummary[];
  /** The number before which the next page begins; null if there is no more. */
  readonly next: number | null;
  /** `bound`: it looked at all that it may in one go, and there may be more. */
  readonly endedBy: 'end' | 'limit' | 'bound';
  readonly looked: number;
  /** All that is selected, not only on this page; without `isWhole` there are more than that. */
  readonly total: { readonly count: number; readonly isWhole: boolean };
  /** For a search key: events from this number on are not indexed yet, and not all of them were looked at. */
  readonly indexedTo?: number;
}

interface Step {
  readonly last: number | null;
  readonly looked: number;
}

export class EventSearch {
  readonly #tables: SearchTables;
  readonly #selection: Selection;
  readonly #sources: ReadonlyMap<string, StoredSource>;
  readonly #summariesOf: (numbers: readonly number[]) => Promise<EventSummary[]>;

  constructor(
    tables: SearchTables,
    selection: Selection,
    sources: ReadonlyMap<string, StoredSource>,
    summariesOf: (numbers: readonly number[]) => Promise<EventSummary[]>,
  ) {
    this.#tables = tables;
    this.#selection = selection;
    this.#sources = sources;
    this.#summariesOf = summariesOf;
  }

  async page({ limit, before, bound = WALK_BOUND, onProgress }: PageOptions): Promise<Page> {
    const fresh = await findFresh(this.#tables, this.#selection, this.#sources);
    const context = this.#contextOf(fresh.found);
    const whole = numberRangeOf(this.#selection, { after: 0, upTo: Number.MAX_SAFE_INTEGER });
    const upTo = Math.min(whole.upTo, (before ?? Number.POSITIVE_INFINITY) - 1);
    const walk = await this.#walk(context, { ...whole, upTo }, limit, bound, onProgress);
    const isAll = walk.endedBy === 'end' && upTo === whole.upTo;
    const total = isAll ? { count: walk.numbers.length, isWhole: true } : await this.#count(context, whole);
    return {
      events: await this.#summariesOf(walk.numbers),
      next: walk.next,
      endedBy: walk.endedBy,
      looked: walk.looked,
      total: { ...total, count: Math.max(total.count, walk.numbers.length) },
      ...(fresh.unseenFrom !== undefined && { indexedTo: fresh.unseenFrom }),
    };
  }

  /** Beyond a number, oldest first. */
  async after(number: number, limit: number): Promise<EventSummary[]> {
    const fresh = await findFresh(this.#tables, this.#selection, this.#sources);
    const range = numberRangeOf(this.#selection, { after: number, upTo: Number.MAX_SAFE_INTEGER });
    const found = await this.#numbers(this.#contextOf(fresh.found), range, limit, 'ASC');
    return (await this.#summariesOf(found)).toReversed();
  }

  /**
   * A step upwards through the deliveries of a range, as selection-steps.ts has them: those of the next events that it looks at,
   * and the number of the last of these, beyond which to go on; null at the end.
   */
  async deliveries(range: NumberRange, looks: number) {
    const fresh = await findFresh(this.#tables, this.#selection, this.#sources);
    const context = this.#contextOf(fresh.found);
    const within = numberRangeOf(this.#selection, range);
    const { last } = await this.#boundary(context, within, looks, 'ASC');
    if (last === null) return { deliveries: [], last };
    const { sql, values } = deliveriesIn(this.#selection, context, { after: within.after, upTo: last });
    return { deliveries: await this.#tables.all<SelectedDelivery>(sql, ...values), last };
  }

  async #walk(
    context: SelectionContext,
    range: NumberRange,
    limit: number,
    bound: WalkBound,
    onProgress: PageOptions['onProgress'],
  ) {
    const numbers: number[] = [];
    const began = performance.now();
    let upTo = range.upTo;
    let looked = 0;
    let looks: number = SLICE.first;
    for (;;) {
      const sliceBegan = performance.now();
      const left = { after: range.after, upTo };
      const step = await this.#boundary(context, left, Math.min(looks, bound.looks - looked), 'DESC');
      if (step.last === null) return { numbers, looked, next: null, endedBy: 'end' as const };
      if (numbers.length === limit) return fullPage(numbers, looked);
      const slice = { after: step.last - 1, upTo };
      // One more than is shown tells that there is a next page.
      const found = await this.#numbers(context, slice, limit + 1 - numbers.length, 'DESC');
      // Items of one event may be in two slices.
      numbers.push(...found.filter((number) => !numbers.includes(number)));
      looked += step.looked;
      if (numbers.length > limit) return fullPage(numbers.slice(0, limit), looked);
      upTo = step.last - 1;
      onProgress?.(looked, step.last);
      if (looked >= bound.looks || performance.now() - began >= bound.ms) {
        return { numbers, looked, next: step.last, endedBy: 'bound' as const };
      }
      const tookMs = performance.now() - sliceBegan;
      const better = tookMs < SLICE.ms / 2 ? looks * 2 : Math.round(looks / 2);
      looks = Math.max(SLICE.first, Math.min(SLICE.most, better));
      await sleep(REST_MS);
    }
  }

  async #count(context: SelectionContext, range: NumberRange): Promise<Page['total']> {
    const { last, looked } = await this.#boundary(context, range, COUNT_LOOKS, 'DESC');
    if (last === null) return { count: 0, isWhole: true };
    const slice = { after: last - 1, upTo: range.upTo };
    const { sql, values } = eventsIn(this.#selection, context, slice, COUNT_LOOKS, 'DESC');
    const [row] = await this.#tables.all<{ count: number }>(
      `SELECT count(*) AS count FROM (${sql}) AS found`,
      ...values,
    );
    return { count: row?.count ?? 0, isWhole: looked < COUNT_LOOKS };
  }

  async #boundary(
    context: SelectionContext,
    range: NumberRange,
    looks: number,
    order: 'ASC' | 'DESC',
  ): Promise<Step> {
    const { sql, values } = boundaryOf(this.#selection, context, range, looks, order);
    const [row] = await this.#tables.all<Step>(sql, ...values);
    return row ?? { last: null, looked: 0 };
  }

  async #numbers(
    context: SelectionContext,
    range: NumberRange,
    limit: number,
    order: 'ASC' | 'DESC',
  ): Promise<number[]> {
    const { sql, values } = eventsIn(this.#selection, context, range, limit, order);
    const rows = await this.#tables.all<{ number: number }>(sql, ...values);
    return rows.map(({ number }) => number);
  }

  #contextOf(fresh: readonly number[] = []): SelectionContext {
    return { tables: this.#tables, sources: [...this.#sources.keys()], fresh };
  }
}

function fullPage(numbers: readonly number[], looked: number) {
  return { numbers, looked, next: numbers.at(-1) ?? null, endedBy: 'limit' as const };
}
