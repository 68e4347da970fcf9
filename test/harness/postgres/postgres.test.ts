/** The database that other tests rely on: that it is there, is what it says, and goes. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { freshDatabase, type PostgresServer, startPostgres, startPrepared } from '../postgres.ts';
import { packaged, prepare } from './binaries.ts';

const servers: PostgresServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});
async function start(options: Parameters<typeof startPostgres>[0] = {}): Promise<PostgresServer> {
  const server = await startPostgres(options);
  servers.push(server);
  return server;
}

test('each database is empty, in UTF-8, and gone after its drop, whoever is connected', async () => {
  const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
  await one.query('CREATE TABLE things (number bigint, body bytea)');
  await one.query('INSERT INTO things VALUES ($1, $2)', 2 ** 40, Buffer.from('ä'));
  expect(await one.query('SELECT * FROM things')).toEqual([{ number: 2 ** 40, body: Buffer.from('ä') }]);
  expect(await one.query('SHOW server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
  await expect(other.query('SELECT * FROM things')).rejects.toThrow('does not exist');

  const waiting = expect(one.query('SELECT pg_sleep(60)')).rejects.toThrow();
  await expect
    .poll(() => one.query(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'`))
    .toHaveLength(1);
  await one.drop();
  await waiting;
  await expect(new Client(one.url).connect()).rejects.toThrow('does not exist');
  await other.drop();
});

test('a server keeps port and data over restarts, with fsync on, and takes its folder with it', async () => {
  const server = await start({ flags: ['max_connections=20'] });
  const { port, pid, folder } = server;
  expect(await server.query('postgres', 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
  expect(await server.query('postgres', 'SHOW max_connections')).toEqual([{ max_connections: '20' }]);
  await server.query('postgres', 'CREATE TABLE kept AS SELECT 1 AS one');
  for (const mode of ['fast', 'immediate'] as const) {
    await server.restart(mode);
    expect(server.port).toBe(port);
    expect(await server.query('postgres', 'SELECT * FROM kept')).toEqual([{ one: 1 }]);
  }
  expect(server.pid).not.toBe(pid);
  expect(server.output()).toContain('was not properly shut down');
  await server.down('fast');
  await expect(server.query('postgres', 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  await server.stop();
  expect(existsSync(folder)).toBe(false);
});

test('it runs from a checkout that nobody else may enter, with no install scripts run', async () => {
  const checkout = mkdtempSync(join(tmpdir(), 'consignee-checkout-'));
  const base = mkdtempSync(join(tmpdir(), 'consignee-postgres-'));
  try {
    execFileSync('cp', ['-a', packaged(), checkout]);
    execFileSync('find', [checkout, '-type', 'l', '-delete']);
    chmodSync(checkout, 0o700);
    const server = await startPrepared(await prepare(base, join(checkout, 'native')), base);
    servers.push(server);
    expect(await server.query('postgres', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  } finally {
    rmSync(checkout, { recursive: true });
  }
});
