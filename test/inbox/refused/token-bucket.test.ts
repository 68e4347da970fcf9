/** How much of a flood is kept. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RefusedClient } from '../../../src/inbox/refused/client.ts';
import { TokenBuckets } from '../../../src/inbox/refused/token-bucket.ts';

const MB = 1_048_576;
const admitted = (buckets: TokenBuckets, source: string, count: number, bytes: number, nowMs: number) =>
  Array.from({ length: count }, () => buckets.admit(source, bytes, nowMs)).filter(Boolean).length;

test('a burst of four seconds is admitted, then fifty a second', () => {
  const buckets = new TokenBuckets();
  expect(admitted(buckets, 'one', 1_000, 100, 0)).toBe(200);
  expect(admitted(buckets, 'one', 1_000, 100, 1_000)).toBe(50);
  expect(admitted(buckets, 'one', 1_000, 100, 3_600_000)).toBe(200);
});

test('large ones are fewer', () => {
  const buckets = new TokenBuckets();
  expect(admitted(buckets, 'one', 100, MB, 0)).toBe(16);
  expect(admitted(buckets, 'one', 100, MB, 500)).toBe(2);
});

test('a source that is flooded takes nothing from another', () => {
  const buckets = new TokenBuckets();
  admitted(buckets, 'one', 10_000, MB, 0);
  expect(admitted(buckets, 'two', 10, MB, 0)).toBe(10);
});

test('nor does it when all of it comes before the disk has taken any', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const client = new RefusedClient(join(folder, 'refused.db'), { bytesMax: MB, days: 7 }, quiet);
  const refused = (source: string, at: number) => ({
    id: `ref_${source}_${at}`,
    source,
    receivedAt: Date.now(),
    code: 'hmac_mismatch',
    reason: '',
    address: '203.0.113.1',
    headers: '{}',
    credentials: '[]',
    body: Buffer.from('{}'),
  });
  for (let at = 0; at < 1_000; at++) client.keep(refused('one', at));
  client.keep(refused('two', 0));
  expect(await client.next('two', 0, 16)).toMatchObject([{ id: 'ref_two_0' }]);
  expect(client.dropped()).toBeGreaterThanOrEqual(700);
  await client.close();
  rmSync(folder, { recursive: true });
});
