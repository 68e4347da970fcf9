/**
 * What all test files of a run share: one PostgreSQL and the folder that servers are copied from. They are made when the
 * first test asks for them, in the process that outlives the test files; the desk is where the tests ask.
 */
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DESK, type PostgresServer, startPrepared } from '../postgres.ts';
import { makeDataFolder, type Prepared, prepare } from './binaries.ts';
import { watchOver } from './watchman.ts';

/** Vitest's global setup. */
export default async function openDesk(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-postgres-'));
  const callOff = watchOver(folder, folder);
  let prepared: Promise<Prepared> | undefined;
  let shared: Promise<PostgresServer> | undefined;

  function hand(thing: string): Promise<unknown> {
    prepared ??= prepare(folder);
    if (thing === '/prepared') return prepared;
    shared ??= prepared.then((from) => startPrepared(from, makeDataFolder()));
    return shared.then((server) => server.url());
  }

  const desk = createServer((request, response) => {
    hand(request.url ?? '').then(
      (thing) => response.end(JSON.stringify(thing)),
      (error: Error) => response.writeHead(500).end(error.stack),
    );
  });
  desk.listen(0, '127.0.0.1');
  await once(desk, 'listening');
  process.env[DESK] = `http://127.0.0.1:${(desk.address() as AddressInfo).port}`;

  return async () => {
    desk.closeAllConnections();
    desk.close();
    await shared?.then((server) => server.stop()).catch(() => {});
    await rm(folder, { recursive: true, force: true });
    callOff();
  };
}
