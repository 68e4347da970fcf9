/** What the contract suite needs of an inbox it tests, and small words to speak of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import { openInbox } from '../../src/inbox/client.ts';
import type {
  Arrival,
  Delivery,
  Inbox,
  Database as InboxDatabase,
  Route,
  Settlement,
  Work,
} from '../../src/inbox/contract.ts';
import type { InboxReader } from '../../src/inbox/reader.ts';
import type { StoredSource } from '../../src/inbox/stored-source.ts';
import type { TallyRow } from '../../src/inbox/tallies.ts';
import { readKnobs, type ServiceKnobs } from '../../src/serve/config/knobs.ts';
import { nextLookMs, waitFor } from '../harness/waiting.ts';

export interface Rows {
  /** In the order of their ids. */
  readonly events: readonly {
    readonly id: string;
    readonly source: string;
    readonly held: string | null;
    readonly body: string | null;
  }[];
  readonly work: readonly {
    readonly id: string;
    readonly handler: string;
    readonly state: string;
    readonly attempts: number;
  }[];
  readonly attempts: readonly {
    readonly id: string;
    readonly handler: string;
    readonly attempt: number;
    readonly outcome: string;
    readonly error: string | null;
  }[];
  /** In the order of their keys. */
  readonly tallies: readonly TallyRow[];
}

/** One kind of inbox, at a place of its own. */
export interface Driver {
  /** Opens the inbox at that place, the one before it being closed. */
  open(sources: ReadonlyMap<string, StoredSource>): Promise<Inbox>;
  work(inbox: Inbox): Work;
  /** As commands read it. */
  reader(): Promise<InboxReader | undefined>;
  /** What is stored, read past the inbox. */
  rows(): Rows;
  /** Takes the place away. */
  clear(): void | Promise<void>;
}

export type MakeDriver = () => Driver | Promise<Driver>;

const ITEMS = { path: ['list'], id: [['id']], type: [['kind']] };

const to = (...handlers: string[]): Route[] => handlers.map((handler) => ({ handler, target: handler }));

/** `one` tells ids, `two` has two handlers, `plain` knows events by their digest, `still` has no handler.
 * `left` and `right` have one target, `slow` a rate, `parcels` wants the newest state only. `lists` sends several events in one body,
 * and has a handler for each of them beside one for the whole; `bare` sends a list and nothing around it. */
export const SOURCES: ReadonlyMap<string, StoredSource> = new Map(
  Object.entries({
    one: { shape: { id: [['id']], type: [['type']] }, routes: to('one/a') },
    forms: { shape: { id: [], type: [], bodies: 'form' }, routes: to('forms/a') },
    named: {
      shape: { id: [{ header: 'X-Id' }], type: [{ header: 'X-Type' }], unsigned: ['x-id', 'x-type'] },
      routes: to('named/a'),
    },
    two: { shape: { id: [['id']], type: [['type']] }, routes: to('two/a', 'two/b') },
    plain: { shape: { id: [], type: [['event']] }, routes: to('plain/a') },
    still: { shape: { id: [['id']], type: [] }, routes: [] },
    picky: {
      shape: { id: [['id']], type: [['type']] },
      routes: [
        { handler: 'picky/legs', target: 'picky/legs', types: ['/shipment_leg#*', 'exact'] },
        { handler: 'picky/all', target: 'picky/all' },
      ],
    },
    left: { shape: { id: [['id']], type: [['type']] }, routes: [{ handler: 'left/a', target: 'shared' }] },
    right: { shape: { id: [['id']], type: [['type']] }, routes: [{ handler: 'right/a', target: 'shared' }] },
    slow: {
      shape: { id: [['id']], type: [['type']] },
      routes: [{ handler: 'slow/a', target: 'slow/a', ratePerSecond: 20 }],
    },
    lists: {
      shape: { id: [], type: [], items: ITEMS },
      routes: [{ handler: 'lists/each', target: 'lists/each', items: ITEMS }, ...to('lists/whole')],
    },
    bare: {
      shape: { id: [], type: [], items: { ...ITEMS, path: [] } },
      routes: [
        { handler: 'bare/kinds', target: 'bare/kinds', types: ['wanted*'], items: { ...ITEMS, path: [] } },
        {
          handler: 'bare/newest',
          target: 'bare/newest',
          items: { ...ITEMS, path: [] },
          latest: { of: [{ by: [['thing']] }], at: [{ path: ['at'] }] },
        },
      ],
    },
    parcels: {
      shape: { id: [['id']], type: [['type']] },
      routes: [
        {
          handler: 'parcels/a',
          target: 'parcels/a',
          latest: {
            of: [{ by: [['carrier'], ['number']] }],
            at: [{ path: ['at'] }],
            recordedAt: ['recorded'],
          },
        },
      ],
    },
  }),
);

export function arrival(source: string, body: string | Buffer, receivedAt = Date.now()): Arrival {
  const bytes = Buffer.from(body);
  return {
    source,
    receivedAt,
    address: '192.0.2.7',
    headers: '{"x-test":"yes"}',
    evidence: '[]',
    body: bytes,
  };
}

/** A target rests after so many failures, for so long. */
export const CIRCUIT = { failures: 3, restMs: 200, restMaxMs: 400 };

let lastId = 0;
export const fresh = () => `{"id":"c${++lastId}","type":"contract"}`;

export const numberOf = (id: string) => Number.parseInt(id.slice(4), 16);

/** The handlers' side, by hand. */
export class Hands {
  readonly #work: Work;
  readonly got: Delivery[] = [];

  constructor(work: Work) {
    this.#work = work;
    work.onDeliveries((deliveries) => this.got.push(...deliveries));
  }

  grant(slots: Readonly<Record<string, number>>): void {
    this.#work.send([], slots);
  }

  /** Waits until so many have come in all, and answers with the last one. */
  async take(count: number): Promise<Delivery> {
    await waitFor(
      () => this.got.length >= count,
      20_000,
      () => `${this.got.length} of ${count} deliveries`,
    );
    return this.got[count - 1] as Delivery;
  }

  settle(
    { event, handler, attempt }: Pick<Delivery, 'event' | 'handler' | 'attempt'>,
    state: Settlement['state'],
    more: Partial<Settlement> = {},
  ): void {
    this.#work.send([{ ...settlement(state), event, handler, attempt, ...more }], {});
  }
}

export function settlement(state: Settlement['state']): Omit<Settlement, 'event' | 'handler' | 'attempt'> {
  return {
    state,
    due: 0,
    counted: true,
    alone: false,
    startedAt: Date.now(),
    ms: 1,
    error: null,
    status: null,
    output: null,
  };
}

/** Waits for what must be asked for. */
export async function eventually(look: () => Promise<boolean>, waitMs = 20_000): Promise<void> {
  for (const begun = performance.now(); !(await look()); ) {
    const sinceMs = performance.now() - begun;
    if (sinceMs > waitMs) throw new Error(`it did not come within ${waitMs} ms`);
    await sleep(nextLookMs(sinceMs));
  }
}

/** Long enough for the inbox to have done what it would do. */
export const aWhile = () => new Promise((resolve) => setTimeout(resolve, 150));

export interface Opened {
  readonly driver: Driver;
  /** The one that is open; a test that opens another one puts it here. */
  inbox: Inbox;
  hands: Hands;
}

/** For each test of a file an inbox at a place of its own, with the handlers' side by hand. */
export function openForEach(makeDriver: MakeDriver): Opened {
  const opened = {} as { driver: Driver; inbox: Inbox; hands: Hands };
  beforeEach(async () => {
    opened.driver = await makeDriver();
    opened.inbox = await opened.driver.open(SOURCES);
    opened.hands = new Hands(opened.driver.work(opened.inbox));
  });
  afterEach(async () => {
    await opened.inbox.close();
    await opened.driver.clear();
  });
  return opened;
}

/** An inbox as the service opens it, but nobody listens to its log and nobody runs handlers. */
export function openAt(
  database: InboxDatabase,
  sources: ReadonlyMap<string, StoredSource>,
  postgres: ServiceKnobs['postgres'] = {},
): Promise<Inbox> {
  return openInbox({
    database,
    sources,
    knobs: readKnobs({ circuit: CIRCUIT, postgres }, []),
    dispatches: true,
    deadlineMs: 2_500,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    onRestart() {},
  });
}
