/** A database that is there, and does not do what it is asked for, under load: 200 or 503, in time, and nothing is lost. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { deliver } from '../harness/deliver.ts';
import {
  type Ask,
  clear,
  expectAnswers,
  expectKept,
  expectUnharmed,
  startEnduring,
  useEnduring,
} from '../harness/ledger.ts';
import { type Load, startLoad } from '../harness/load.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { bodyOf, type Sent } from '../harness/sender.ts';
import type { Service } from '../harness/service.ts';

const WAITING = { timeout: 30_000, interval: 20 };
const OURS = "datname = current_database() AND application_name = 'consignee'";

const statusesOf = (sent: readonly Sent[]) => [...new Set(sent.map(({ status }) => status))].sort();
const neverUnready = ({ sights }: Load) => expect(sights.filter(({ ready }) => !ready)).toEqual([]);

/** Whatever happens meanwhile, everything is as it should be afterwards. */
async function underLoad(service: Service, ask: Ask, work: (load: Load) => Promise<void>): Promise<void> {
  const load = startLoad(service);
  await load.untilTaken();
  await work(load);
  await load.untilTaken();
  const ledger = await load.stop();
  expectAnswers(ledger);
  await expectKept(service, ask, ledger);
  expectUnharmed(service);
}

describe('on a server that others use too', () => {
  const opened = useEnduring();

  /** Another program has the table for itself until that has come about. */
  async function lockUntil(table: string, comesAbout: () => Promise<void>): Promise<void> {
    const locker = new Client({ connectionString: opened.database.url });
    locker.on('error', () => {});
    await locker.connect();
    try {
      await locker.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      await comesAbout();
    } finally {
      await locker.end();
    }
  }

  test('connections that the server ends at random cost what is on them, and no readiness', async () => {
    await underLoad(opened.service, opened.database.query, async (load) => {
      for (let nth = 0; nth < 20; nth++) {
        await opened.database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OURS} AND random() < 0.5`,
        );
        await sleep(100 * Math.random());
      }
      neverUnready(load);
    });
  });

  test('a table that is locked for longer than providers wait is answered for with 503, and is no reason to be not ready', async () => {
    await underLoad(opened.service, opened.database.query, async (load) => {
      const during = load.fromNow();
      await lockUntil('keys', () => expect.poll(() => statusesOf(during()), WAITING).toContain(503));
      neverUnready(load);
    });
  });

  test.each(['keys', 'inbox', 'work', 'newest'])(
    'a table that stays locked: %s. Not ready, although heartbeats are written',
    async (table) => {
      await underLoad(opened.service, opened.database.query, async (load) => {
        const during = load.fromNow();
        await lockUntil(table, async () => {
          await load.untilReady(false);
          expect(statusesOf(await load.next(10))).toEqual([503]);
          expect(statusesOf(during())).toContain(503);
        });
        await load.untilReady(true);
      });
    },
  );

  test('a disk that is full for events, and not for heartbeats', async () => {
    await underLoad(opened.service, opened.database.query, async (load) => {
      await opened.database.query(`CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE disk_full;
        END $$;
        CREATE TRIGGER fill BEFORE INSERT ON inbox EXECUTE FUNCTION fill()`);
      const during = load.fromNow();
      await load.untilReady(false);
      expect(statusesOf(during())).toEqual([503]);
      await opened.database.query('DROP FUNCTION fill CASCADE');
      await load.untilReady(true);
    });
  });

  // As a constraint of somebody's own would, or what only this body is too much for.
  test('a statement that fails for the sake of one body is answered with 503, and nothing else follows', async () => {
    await opened.database.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'not this one';
      END $$;
      CREATE TRIGGER fail BEFORE INSERT ON inbox FOR EACH ROW
        WHEN (NEW.external_id = 'event-0') EXECUTE FUNCTION fail()`);
    await underLoad(opened.service, opened.database.query, async (load) => {
      const others = load.fromNow();
      for (let nth = 0; nth < 10; nth++) {
        expect(await deliver(opened.service, 'jobs', bodyOf(0))).toMatchObject({
          status: 503,
          retryAfter: '5',
        });
        await sleep(50);
      }
      const taken = others().filter(({ status }) => status === 200);
      expect(taken.length).toBeGreaterThan(others().length / 2);
      neverUnready(load);
    });
    await opened.database.query('DROP FUNCTION fail CASCADE');
  });

  test('a disk that is full, as the server tells of it', async () => {
    await underLoad(opened.service, opened.database.query, async (load) => {
      await opened.database.query(`CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE disk_full;
        END $$;
        CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON replicas EXECUTE FUNCTION fill();
        CREATE TRIGGER fill BEFORE INSERT ON inbox EXECUTE FUNCTION fill()`);
      const during = load.fromNow();
      await load.untilReady(false);
      expect(statusesOf(during())).toEqual([503]);
      await opened.database.query('DROP FUNCTION fill CASCADE');
      await load.untilReady(true);
    });
  });

  test('a server that has become read-only, as a standby after a failover', async () => {
    const { name } =
      (await opened.database.query<{ name: string }>('SELECT current_database() AS name'))[0] ?? {};
    await underLoad(opened.service, opened.database.query, async (load) => {
      await opened.database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on;
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OURS}`);
      await load.untilReady(false);
      expect(statusesOf(await load.next(10))).toEqual([503]);
      await opened.database.query(`BEGIN READ WRITE; ALTER DATABASE ${name} RESET ALL; COMMIT`);
      await load.untilReady(true);
      expect(statusesOf(await load.next(10))).toEqual([200]);
    });
  });
});

/** A file system of its own for a folder that the server is not using at this moment. */
function mountFor(folder: string, mib: number): void {
  const { uid, gid } = statSync(folder);
  const aside = `${folder}-aside`;
  renameSync(folder, aside);
  mkdirSync(folder, { mode: 0o700 });
  execFileSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${mib}m,mode=0700,uid=${uid},gid=${gid}`,
    'tmpfs',
    folder,
  ]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  execFileSync('cp', ['-a', `${aside}/.`, folder]);
}

/** Leaves nothing free on the file system of that folder, until it is called off. */
function fillUp(folder: string): () => void {
  const file = join(folder, 'ballast');
  const descriptor = openSync(file, 'w');
  const block = Buffer.alloc(65_536);
  try {
    for (;;) writeSync(descriptor, block);
  } catch {
    closeSync(descriptor);
  }
  return () => rmSync(file);
}

function mayMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status === 0;
  if (mounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}

describe.skipIf(!mayMount())('a disk that is full, really (needs Linux, and root to mount one)', () => {
  async function onSmallDisk(part: string): Promise<[PostgresServer, string, Service]> {
    const server = await startPostgres({ flags: ['max_wal_size=64MB', 'min_wal_size=32MB'] });
    onTestFinished(() => server.stop('immediate'));
    await server.down('fast');
    const folder = join(server.folder, part);
    mountFor(folder, 96);
    await server.up();
    const service = await startEnduring(server.url());
    onTestFinished(() => clear(service));
    return [server, folder, service];
  }
  const untilRefused = (load: Load) => {
    const from = load.fromNow();
    return expect.poll(() => statusesOf(from()), WAITING).toContain(503);
  };

  test('for the tables', async () => {
    const [server, folder, service] = await onSmallDisk('base');
    await underLoad(
      service,
      (sql) => server.query('postgres', sql),
      async (load) => {
        const free = fillUp(folder);
        await untilRefused(load);
        expect(statusesOf(await load.next(60))).toEqual([503]);
        free();
      },
    );
  });

  test('for the log that is written first: the server ends itself, and does not start', async () => {
    const [server, folder, service] = await onSmallDisk('pg_wal');
    await underLoad(
      service,
      (sql) => server.query('postgres', sql),
      async (load) => {
        const free = fillUp(folder);
        const writeMore = () => server.query('postgres', 'SELECT pg_switch_wal()');
        for (let nth = 0; nth < 20; nth++) await writeMore().catch(() => {});
        await load.untilReady(false);
        free();
        await server.down('immediate');
        await server.up();
        await load.untilReady(true);
      },
    );
  });
});

/** All the connections that are left, until they are given back. */
async function takeConnections(url: string): Promise<() => Promise<void>> {
  const clients: Client[] = [];
  for (;;) {
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
    } catch {
      return async () => void (await Promise.all(clients.map((one) => one.end())));
    }
    clients.push(client);
  }
}

test('a server without connections to spare, before the load begins and in the middle of it', async () => {
  const server = await startPostgres({ flags: ['max_connections=20', 'superuser_reserved_connections=3'] });
  onTestFinished(() => server.stop('immediate'));
  await server.query(
    'postgres',
    `CREATE ROLE tenant LOGIN PASSWORD 'of-the-tests'; GRANT CREATE ON SCHEMA public TO tenant`,
  );
  const url = server.url().replace(/\/\/.*@/, '//tenant:of-the-tests@');
  const service = await startEnduring(url);
  onTestFinished(() => clear(service));
  const giveBack = await takeConnections(url);
  const ask: Ask = (sql) => server.query('postgres', sql);
  await underLoad(service, ask, async (load) => {
    // It has all that it may have from its start on.
    expect(statusesOf(await load.next(60))).toEqual([200]);
    neverUnready(load);
    await giveBack();
    await load.untilTaken();
    // One after the other: within one transaction the limit would not hold yet for those that come back at once.
    await ask('ALTER ROLE tenant CONNECTION LIMIT 0');
    await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OURS}`);
    await load.untilReady(false);
    expect(statusesOf(await load.next(10))).toEqual([503]);
    await ask('ALTER ROLE tenant CONNECTION LIMIT -1');
    await load.untilReady(true);
  });
});
