/**
 * Two replicas on one database behind a load balancer, each restarted again and again under load, as a deployment does it:
 * no request fails, and every event is kept once and handled once. CONSIGNEE_ROLLING_RESTARTS sets how often.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { idOf } from '../../src/inbox/event-id.ts';
import { HANDLED } from '../fixtures/rolling/sources.ts';
import { CHECK_MS, findProgram, type Kind, startBalancer } from '../harness/balancer.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { startSender } from '../harness/sender.ts';
import { type Service, startService } from '../harness/service.ts';

const RESTARTS = Number(process.env.CONSIGNEE_ROLLING_RESTARTS ?? 1);
const PER_SECOND = 150;
/** A check, and what it may take on a busy machine. */
const NOTICED_MS = CHECK_MS + 500;

/** A service that keeps its port and its folder. */
class Replica {
  readonly #folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  readonly #database: string;
  #service: Service | undefined;

  constructor(database: string) {
    this.#database = database;
  }

  get port(): number {
    return this.#service?.port ?? 0;
  }

  async start(): Promise<void> {
    this.#service = await startService({
      database: this.#database,
      config: join(ROOT, 'test/fixtures/rolling'),
      folder: this.#folder,
      env: {
        JOBS_WEBHOOK_SECRET: SECRET,
        TRUST_PROXY: 'loopback',
        SHUTDOWN_DELAY_MS: String(NOTICED_MS),
        PORT: String(this.port),
      },
    });
  }

  async restart(): Promise<void> {
    expect(await this.#service?.kill('SIGTERM'), this.#service?.output().slice(-2_000)).toBe(0);
    await this.start();
  }

  /** The events that its handler had, over all restarts. */
  handled(): string[] {
    return readFileSync(join(this.#folder, HANDLED), 'utf8').split('\n').slice(0, -1);
  }

  async clear(): Promise<void> {
    await this.#service?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function startReplicas(database: Database): Promise<Replica[]> {
  const replicas = [new Replica(database.url), new Replica(database.url)];
  for (const replica of replicas) onTestFinished(() => replica.clear());
  for (const replica of replicas) await replica.start();
  return replicas;
}

async function restartInTurn(replicas: readonly Replica[]): Promise<void> {
  for (let nth = 0; nth < RESTARTS; nth++) {
    for (const replica of replicas) {
      await sleep(NOTICED_MS);
      await replica.restart();
    }
  }
  await sleep(NOTICED_MS);
}

async function expectAllDone({ query }: Database, ids: readonly string[]): Promise<void> {
  const left = () => query('SELECT event, handler, state, attempts FROM work');
  await expect.poll(left, { timeout: 20_000 }).toEqual([]);
  const kept = await query<{ number: number }>('SELECT number FROM inbox');
  expect(kept.map(({ number }) => idOf(number)).sort()).toEqual(ids);
  const attempts = await query<{ event: number; outcome: string }>('SELECT event, outcome FROM attempts');
  const done = attempts.map(({ event, outcome }) => `${idOf(event)} ${outcome}`);
  expect(done.sort()).toEqual(ids.map((id) => `${id} done`));
}

test.for<Kind>(['haproxy', 'nginx'])(
  `behind %s, ${RESTARTS} restarts of each replica fail no request, lose no event and repeat none`,
  { timeout: RESTARTS * 30_000 + 30_000 },
  async (kind, { skip }) => {
    if (!findProgram(kind)) {
      console.warn(`Nothing was tested behind ${kind}: it is not installed.`);
      skip();
    }
    const database = await freshDatabase();
    onTestFinished(() => database.drop());
    const replicas = await startReplicas(database);
    const ports = replicas.map(({ port }) => port);
    const balancer = await startBalancer(kind, ports);
    onTestFinished(() => balancer.stop());

    const sender = startSender(balancer.port, PER_SECOND);
    await restartInTurn(replicas);
    await sender.stop();

    const failed = sender.sent.filter(({ status }) => status !== 200);
    expect(failed, balancer.output().slice(-2_000)).toEqual([]);
    expect(sender.sent.length).toBeGreaterThan(2 * RESTARTS * PER_SECOND);
    const ids = sender.sent.map(({ said }) => said).sort();
    await expectAllDone(database, ids);
    expect(replicas.flatMap((replica) => replica.handled()).sort()).toEqual(ids);
  },
);
