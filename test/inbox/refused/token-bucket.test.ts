/** How much of a flood is kept. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RefusedClient } from '../../../src/inbox/refused/client.ts';
import { TokenBuckets } from '../../../src/inbox/refused/token-bucket.ts';

const MB = 1_048_576;
function admitted(
  buckets: TokenBuckets,
  source: string,
  count: number,
  bytes: number,
  nowMs: number,
  [network, isProven]: readonly [string, boolean] = ['203.0.113.1', false],
): number {
  return Array.from({ length: count }, () =>
    buckets.admit({ source, network, isProven }, bytes, nowMs),
  ).filter(Boolean).length;
}

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

test('strangers together have two such buckets, and none of them empties that of proven senders', () => {
  const buckets = new TokenBuckets();
  for (let number = 0; number < 1_000; number++)
    admitted(buckets, 'one', 1, 100, 0, [`2001:db8:0:${number.toString(16)}::/64`, false]);
  expect(admitted(buckets, 'one', 10, 100, 0, ['198.51.100.1', false])).toBe(0);
  expect(admitted(buckets, 'one', 1_000, 100, 0, ['198.51.100.2', true])).toBe(800);
  expect(admitted(buckets, 'one', 1_000, 100, 1_000, ['198.51.100.2', true])).toBe(200);
  expect(admitted(buckets, 'one', 1_000, 100, 1_000, ['198.51.100.3', false])).toBe(100);
});

test('one loud stranger leaves room for others', () => {
  const buckets = new TokenBuckets();
  expect(admitted(buckets, 'one', 1_000, 100, 0, ['203.0.113.66', false])).toBe(200);
  expect(admitted(buckets, 'one', 1_000, 100, 0, ['198.51.100.1', false])).toBe(200);
});

test('one that is larger than a bucket is admitted, and the next ones wait until that is paid', () => {
  const buckets = new TokenBuckets();
  expect(admitted(buckets, 'one', 1, 24 * MB, 0)).toBe(1);
  expect(admitted(buckets, 'one', 1, 100, 1_999)).toBe(0);
  expect(admitted(buckets, 'one', 1, 100, 2_001)).toBe(1);
});

test('nor does it when all of it comes before the disk has taken any', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const client = new RefusedClient(
    join(folder, 'refused.db'),
    { bytesMax: MB, bytesMaxOfAll: MB, days: 7 },
    quiet,
  );
  const refused = (source: string, at: number) => ({
    id: `ref_${source}_${at}`,
    source,
    receivedAt: Date.now(),
    code: 'hmac_mismatch',
    reason: '',
    address: '203.0.113.1',
    headers: '{}',
    credentials: '[]',
    enforced: 'hmac',
    body: Buffer.from('{}'),
  });
  for (let at = 0; at < 1_000; at++) client.keep(refused('one', at), false);
  client.keep(refused('two', 0), false);
  expect(await client.next('two', 0, 16)).toMatchObject([{ id: 'ref_two_0' }]);
  const [lost] = client.losses();
  expect(lost).toMatchObject({ source: 'one', why: 'flood' });
  expect(lost?.count).toBeGreaterThanOrEqual(700);
  await client.close();
  rmSync(folder, { recursive: true });
});
