/** What must hold whatever has become of the database while events were sent: the answers, and what the inbox has of them. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import { idOf } from '../../src/inbox/event-id.ts';
import { HANDLED } from '../fixtures/enduring/sources.ts';
import { type Database, freshDatabase, type Row } from './postgres.ts';
import { ROOT, SECRET } from './project.ts';
import { bodyOf, type Sent } from './sender.ts';
import { type Service, startService } from './service.ts';

/**
 * Shippo, the hastiest, waits for 3 s, and test/inbox/arrival-batches.test.ts holds the deadline to the millisecond. Through a
 * process on a busy machine only a service without any deadline needs so much longer.
 */
const LATE_MS = 15_000;
const HANDLED_WITHIN_MS = 30_000;

export type Ask = <T = Row>(sql: string) => Promise<T[]>;
/** By source. */
export type Ledger = Readonly<Record<string, readonly Sent[]>>;

/** A service with the handlers of fixtures/enduring. */
export function startEnduring(database: string, env: Record<string, string> = {}): Promise<Service> {
  return startService({
    database,
    config: join(ROOT, 'test/fixtures/enduring'),
    // So few slots that one which is lost is missed.
    knobs: { handler: { concurrency: 2 } },
    env: { JOBS_WEBHOOK_SECRET: SECRET, THINGS_WEBHOOK_SECRET: SECRET, ...env },
  });
}

export interface Enduring {
  database: Database;
  service: Service;
}

/**
 * A service with a database of its own for the tests of a file, since a start costs a second. Each begins with an empty inbox.
 * After one that failed the next has both anew. `through`: what stands between the two.
 */
export function useEnduring(through = (url: string): string | Promise<string> => url): Enduring {
  const opened = {} as Enduring;
  let isOpen = false;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await clear(opened.service);
    await opened.database.drop();
  };
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(close);
    if (isOpen) return;
    opened.database = await freshDatabase();
    opened.service = await startEnduring(await through(opened.database.url));
    isOpen = true;
  });
  afterEach(async () => {
    if (!isOpen) return;
    const tables = ['work', 'attempts', 'inbox', 'keys', 'newest'];
    await opened.database.query(tables.map((name) => `DELETE FROM ${name}`).join('; '));
  });
  afterAll(close);
  return opened;
}

export async function clear(service: Service): Promise<void> {
  await service.kill('SIGKILL');
  rmSync(service.folder, { recursive: true, force: true });
}

/** Each request was answered, by a 200 or in time by a 503 that says when to come back. */
export function expectAnswers(ledger: Ledger): void {
  const odd = Object.values(ledger)
    .flat()
    .filter(({ status, retryAfter, ms }) => {
      return status !== 200 && (status !== 503 || retryAfter !== '5' || ms >= LATE_MS);
    });
  expect(odd).toEqual([]);
}

/** Each acknowledged event is there once with its bytes, nothing is there that was not sent, and all of it is done. */
export async function expectKept(service: Service, ask: Ask, ledger: Ledger): Promise<void> {
  const work = () => ask('SELECT event, handler, state, attempts, owner FROM work ORDER BY event LIMIT 20');
  await expect.poll(work, { timeout: HANDLED_WITHIN_MS, interval: 100 }).toEqual([]);
  const rows = await ask<{ number: number; source: string; body: Buffer }>(
    'SELECT number, source, body FROM inbox',
  );
  const stored = rows.map(({ number, source, body }) => [`${source} ${body}`, idOf(number)] as const);
  const byContent = new Map(stored);
  expect(byContent.size).toBe(stored.length);
  for (const [source, sent] of Object.entries(ledger)) {
    const acknowledged = sent.filter(({ status }) => status === 200);
    const lost = acknowledged.filter(
      ({ number, said }) => byContent.get(`${source} ${bodyOf(number)}`) !== said,
    );
    expect(lost).toEqual([]);
    const bodies = new Set(sent.map(({ number }) => `${source} ${bodyOf(number)}`));
    expect(rows.filter((row) => row.source === source && !bodies.has(`${source} ${row.body}`))).toEqual([]);
  }
  const done = await ask<{ event: number }>(
    "SELECT event FROM attempts WHERE outcome = 'done' ORDER BY event",
  );
  expect(done.map(({ event }) => idOf(event))).toEqual([...byContent.values()].sort());
  const handled = new Set(readFileSync(join(service.folder, HANDLED), 'utf8').split('\n'));
  expect([...byContent.values()].filter((id) => !handled.has(id))).toEqual([]);
}

/** It is the process that was started, and its inbox thread has lived through it all. */
export function expectUnharmed(service: Service): void {
  process.kill(service.pid, 0);
  const odd = service
    .output()
    .split('\n')
    .filter((line) => /unhandled|uncaught|the inbox thread has ended|^ +at /i.test(line));
  expect(odd).toEqual([]);
}
