/** The file of refused requests: made whole or not at all, and what it has room for. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRefused } from '../../../src/inbox/refused/file.ts';
import { RefusedStore } from '../../../src/inbox/refused/store.ts';
import { hasStrace } from '../../harness/strace.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const MIB = 1_048_576;
let count = 0;

function refused(source: string, address: string, bodyBytes: number, credentials = '[]') {
  return {
    id: `ref_${++count}`,
    source,
    receivedAt: Date.now(),
    code: 'hmac_mismatch',
    reason: 'the signature does not match any live secret',
    address,
    headers: '{}',
    credentials,
    enforced: 'hmac',
    body: Buffer.alloc(bodyBytes),
  };
}

function opened(bytesMax: number) {
  const { database } = openRefused(join(folder, `store-${++count}.db`));
  const held = (source: string) =>
    database
      .prepare(`SELECT address, count(*) AS count, sum(length(body)) AS bytes, min(number) AS first FROM refused
        WHERE source = ? GROUP BY address ORDER BY address`)
      .all(source) as { address: string; count: number; bytes: number; first: number }[];
  return { store: new RefusedStore(database, { bytesMax, bytesMaxOfAll: 1_024 * MIB, days: 7 }), held };
}

test('small ones are bounded by their bytes alone: 1,500 of one source are all kept', () => {
  const { store, held } = opened(64 * MIB);
  for (let at = 0; at < 1_500; at += 50) {
    const batch = Array.from({ length: 50 }, () => refused('one', '203.0.113.1', 100));
    expect(store.keep(batch, Date.now())).toEqual(new Map());
  }
  expect(held('one')).toMatchObject([{ count: 1_500 }]);
  store.close();
});

test('what several addresses have stays below the bound, and the loudest makes room', () => {
  const { store, held } = opened(MIB);
  let pushedOut = 0;
  const keep = (source: string, address: string, number: number) => {
    const batch = Array.from({ length: number }, () => refused(source, address, 10_000));
    pushedOut += store.keep(batch, Date.now()).get(source) ?? 0;
  };
  keep('other', '203.0.113.1', 50);
  keep('one', '203.0.113.1', 10);
  keep('one', '203.0.113.2', 20);
  for (let times = 0; times < 10; times++) keep('one', '203.0.113.3', 30);
  const [first, second, loudest] = held('one');
  expect([first?.count, second?.count]).toEqual([10, 20]);
  expect((loudest?.count ?? 0) + 30 + pushedOut).toBe(330);
  const bytes = held('one').reduce((sum, address) => sum + address.bytes, 0);
  expect(bytes).toBeLessThan(MIB);
  expect(bytes).toBeGreaterThan(0.95 * MIB - 10_000);
  expect(held('other')).toMatchObject([{ count: 50 }]);
  // The two quiet ones become as loud as the third: from here on each loses what is older.
  keep('one', '203.0.113.1', 60);
  expect(held('one').map((address) => address.count)).toEqual([
    expect.toSatisfy((number) => number >= 38 && number <= 43),
    20,
    expect.toSatisfy((number) => number >= 38 && number <= 43),
  ]);
  store.close();
});

test('everything that is kept of a request counts, and what is gone does not', () => {
  const { store, held } = opened(MIB);
  const wide = () => [
    refused('one', '203.0.113.1', 1, JSON.stringify(['Authorization', 'x'.repeat(60_000)])),
  ];
  for (let times = 0; times < 30; times++) store.keep(wide(), Date.now());
  expect(held('one')).toMatchObject([{ count: 17 }]);
  for (const { number } of store.next('one', 0, 16)) store.remove(number);
  for (let times = 0; times < 16; times++) expect(store.keep(wide(), Date.now())).toEqual(new Map());
  expect(held('one')).toMatchObject([{ count: 17 }]);
  expect(store.keep([refused('one', '203.0.113.1', 1)], Date.now() + 8 * 86_400_000)).toEqual(new Map());
  expect(held('one')).toMatchObject([{ count: 1 }]);
  store.close();
});

test('no more than some mebibytes come at once to be judged, one at least, and none is left out', () => {
  const { store } = opened(64 * MIB);
  const sizes = [1, 5 * MIB, 5 * MIB, 20 * MIB, 1, 1];
  store.keep(
    sizes.map((bytes) => refused('one', '203.0.113.1', bytes)),
    Date.now(),
  );
  const steps: number[][] = [];
  for (let after = 0; ; ) {
    const step = store.next('one', after, 16);
    if (step.length === 0) break;
    steps.push(step.map(({ body }) => body.length));
    after = step.at(-1)?.number ?? 0;
  }
  expect(steps).toEqual([[1, 5 * MIB, 5 * MIB], [20 * MIB], [1, 1]]);
  expect(store.next('one', 0, 2)).toHaveLength(2);
  store.close();
});

test('what could not be written does not count', () => {
  const { store, held } = opened(MIB);
  const large = () => refused('one', '203.0.113.1', 300_000);
  store.keep([large(), large()], Date.now());
  const broken = { ...large(), receivedAt: 0.5 };
  for (let times = 0; times < 3; times++) expect(() => store.keep([large(), broken], Date.now())).toThrow();
  expect(store.keep([large()], Date.now())).toEqual(new Map());
  expect(held('one')).toMatchObject([{ count: 3 }]);
  store.close();
});

test.skipIf(!hasStrace)('killed at any write, it is there whole or not at all (needs strace)', () => {
  const made = join(import.meta.dirname, '../../fixtures/make-refused.ts');
  const left = new Set<string>();
  for (let at = 1; at <= 16; at += 2) {
    const path = join(folder, `half-${at}.db`);
    const fault = ['-e', `inject=pwrite64,fsync,rename:signal=KILL:when=${at}`];
    const { signal } = spawnSync('strace', ['-f', '-o', '/dev/null', ...fault, process.execPath, made, path]);
    left.add(signal === 'SIGKILL' ? (existsSync(path) ? 'whole' : 'nothing') : 'finished');
    if (existsSync(path)) {
      const database = new DatabaseSync(path, { readOnly: true });
      expect(database.prepare('SELECT count(*) AS n FROM refused').get()).toEqual({ n: 0 });
      database.close();
    }
    expect(spawnSync(process.execPath, [made, path]).status).toBe(0);
  }
  expect(left).toContain('nothing');
});
