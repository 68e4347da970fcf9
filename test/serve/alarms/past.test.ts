/** When sources spoke, read from an inbox that a service is writing to. */
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstNumberAt } from '../../../src/inbox/event-id.ts';
import { readSqlitePast } from '../../../src/inbox/sqlite/reader.ts';
import { tell } from '../../harness/deliver.ts';
import { openService } from '../../harness/open-service.ts';
import type { RunningService } from '../../harness/service.ts';
import { alarmed } from './alarmed.ts';

const HOUR_MS = 3_600_000;
const NOW = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + 1_800_000;
const never = new AbortController().signal;

let service: RunningService;
beforeAll(async () => {
  service = await openService(alarmed());
});
afterAll(() => service.stop());

function put(source: string, at: number, address = ''): void {
  const database = new DatabaseSync(service.inboxPath, { timeout: 5_000 });
  database
    .prepare(`INSERT INTO inbox (number, received_at, source, identity, digest, is_json, address)
      VALUES (?, ?, ?, randomblob(16), x'', 0, ?)`)
    .run(firstNumberAt(at), at, source, address);
  database.close();
}

test('the last event of every hour, source and address, newest first, within the time asked for', async () => {
  await tell(service, 'jobs', 'ok');
  const from = NOW - 28 * 24 * HOUR_MS;
  put('flintn', from - 1);
  put('flintn', from);
  put('shippo', NOW - 2 * HOUR_MS);
  put('shippo', NOW - 2 * HOUR_MS + 60_000);
  put('flintn', NOW - 2 * HOUR_MS + 1);
  put('shippo', NOW - 1);
  put('shippo', NOW - 3, '203.0.113.7');
  put('shippo', NOW - 4, '203.0.113.7');
  put('shippo', NOW);
  const past = (await readSqlitePast(service.inboxPath, from, NOW, never)).filter(
    ({ source }) => source !== 'jobs',
  );
  expect(past).toEqual([
    { source: 'shippo', address: '', at: NOW - 1, minutes: [1 << 29, 0] },
    { source: 'shippo', address: '203.0.113.7', at: NOW - 3, minutes: [1 << 29, 0] },
    { source: 'flintn', address: '', at: NOW - 2 * HOUR_MS + 1, minutes: [0, 1] },
    { source: 'shippo', address: '', at: NOW - 2 * HOUR_MS + 60_000, minutes: [0, 3] },
    { source: 'flintn', address: '', at: from, minutes: [1 << 29, 1] },
  ]);
});

test('an inbox that cannot be read, or a service that stops, is an error', async () => {
  await expect(readSqlitePast(`${service.inboxPath}-not`, 0, NOW, never)).rejects.toThrow();
  const stop = new AbortController();
  const reading = readSqlitePast(service.inboxPath, 0, NOW, stop.signal);
  stop.abort();
  await expect(reading).rejects.toThrow('ended');
});
