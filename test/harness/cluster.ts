/** Some replicas on one database, with the handlers of fixtures/replicas, whose runs all go into one file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { RUNS, type Run, RunsFile } from '../fixtures/replicas/runs.ts';
import sources, { type Told } from '../fixtures/replicas/sources.ts';
import { type Answer, deliver, numberOf } from './deliver.ts';
import { type Database, freshDatabase } from './postgres.ts';
import { ROOT, SECRET } from './project.ts';
import { type Service, type ServiceOptions, startService } from './service.ts';
import { waitFor } from './waiting.ts';

/** Of the replicas, unless a test wants another. */
export const LEASE_MS = 3_000;
const KNOBS = {
  backoff: { baseMs: 20, capMs: 100 },
  shutdownGraceMs: 1_500,
};
export const CONFIG = join(ROOT, 'test/fixtures/replicas');
export const SECRETS = Object.fromEntries(
  sources.map(({ name }) => [`${(name as string).toUpperCase()}_WEBHOOK_SECRET`, SECRET]),
);
let lastId = 0;

/** A body with an id of its own. */
export function bodyOf(told: Told): string {
  return JSON.stringify({ id: `${process.pid}-${++lastId}`, type: 'told', ...told });
}

export class Cluster {
  readonly #folder = mkdtempSync(join(tmpdir(), 'consignee-replicas-'));
  readonly #file = join(this.#folder, 'runs.jsonl');
  readonly #services: Service[] = [];
  readonly #runs = new RunsFile(this.#file);
  readonly database: Database;
  readonly #leaseMs: number;

  private constructor(database: Database, leaseMs: number) {
    this.database = database;
    this.#leaseMs = leaseMs;
    writeFileSync(this.#file, '');
  }

  /** Goes with the test. */
  static async open(leaseMs = LEASE_MS): Promise<Cluster> {
    const cluster = await Cluster.make(leaseMs);
    onTestFinished(() => cluster.close());
    return cluster;
  }

  /** For all tests of a file, which close it. */
  static async make(leaseMs = LEASE_MS): Promise<Cluster> {
    return new Cluster(await freshDatabase(), leaseMs);
  }

  /** `database`: the URL, if it is to be reached by another way. */
  async start(options: Pick<ServiceOptions, 'args' | 'database'> = {}): Promise<Service> {
    const service = await startService({
      database: this.database.url,
      config: CONFIG,
      knobs: { ...KNOBS, postgres: { statementMs: 1_000, leaseMs: this.#leaseMs } },
      env: { ...SECRETS, [RUNS]: this.#file },
      folder: mkdtempSync(join(this.#folder, 'replica-')),
      ...options,
    });
    this.#services.push(service);
    return service;
  }

  /** Two that share the eight slots of `jobs`. */
  async startTwo(): Promise<[Service, Service]> {
    const two = await Promise.all([this.start(), this.start()]);
    await this.untilShared('jobs/work', 4, 4);
    return two;
  }

  async close(): Promise<void> {
    for (const service of this.#services) await service.kill('SIGKILL');
    await this.database.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What handlers did so far; of one source, if it is named. */
  runs(source?: string): Run[] {
    return this.#runs.read().filter((run) => source === undefined || run.source === source);
  }

  runsOf(service: Service): Run[] {
    return this.runs().filter(({ pid }) => pid === service.pid);
  }

  /** How many slots of a target each living replica holds, most first. */
  async shares(target: string): Promise<number[]> {
    const rows = await this.database.query<{ slots: number }>(
      'SELECT slots FROM shares JOIN replicas ON replicas.id = replica WHERE target = $1 ORDER BY slots DESC',
      target,
    );
    return rows.map(({ slots }) => slots);
  }

  async untilShared(target: string, ...slots: number[]): Promise<void> {
    await expect.poll(() => this.shares(target), { timeout: 30_000, interval: 100 }).toEqual(slots);
  }

  /** Until every event is handled, or nothing more will become of it. */
  async untilDone(): Promise<void> {
    const left = () => this.database.query('SELECT event, handler, state, attempts, owner FROM work');
    await expect.poll(left, { timeout: 40_000, interval: 100 }).toEqual([]);
  }

  /** Number and outcome of each attempt on an event, in order. */
  async outcomes(id: string): Promise<string[]> {
    const rows = await this.database.query<{ attempt: number; outcome: string }>(
      'SELECT attempt, outcome FROM attempts WHERE event = $1 ORDER BY started_at, attempt',
      numberOf(id),
    );
    return rows.map(({ attempt, outcome }) => `${attempt} ${outcome}`);
  }

  /** Under which names the replicas are known to each other. */
  async names(): Promise<number[]> {
    const rows = await this.database.query<{ id: number }>('SELECT id FROM replicas ORDER BY id');
    return rows.map(({ id }) => id);
  }
}

/** Delivers and answers with the event's id. */
export async function tell(service: Service, source: string, told: Told = {}): Promise<string> {
  const answer: Answer = await deliver(service, source, bodyOf(told));
  expect(answer).toMatchObject({ status: 200, outcome: 'accepted' });
  return answer.id;
}

/** As many at once. */
export function tellMany(
  service: Service,
  source: string,
  count: number,
  told: Told = {},
): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => tell(service, source, told)));
}

export async function until(look: () => boolean, waitMs = 30_000): Promise<void> {
  await waitFor(look, waitMs, () => 'it did not come');
}
