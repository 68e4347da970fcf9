/** Refused requests as groups: one source, one code, one address. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { openRefused } from '../../../src/inbox/refused/file.ts';
import { RefusedReader } from '../../../src/inbox/refused/reader.ts';
import { RefusedStore } from '../../../src/inbox/refused/store.ts';
import { showRefusedFailures } from '../../../src/ops/failures.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NOW = Date.now();
const MIB = 1_048_576;
const refused = (id: string, more: object = {}) => ({
  id,
  source: 'shippo',
  receivedAt: NOW,
  code: 'hmac_mismatch',
  reason: '',
  address: '203.0.113.1',
  headers: '{}',
  credentials: '[]',
  enforced: 'hmac',
  body: Buffer.from('{}'),
  ...more,
});

test('where nothing was refused yet there are no groups', () => {
  const reader = new RefusedReader(join(folder, 'none.db'));
  expect(reader.failures()).toEqual({ groups: [], more: 0 });
  reader.close();
});

test('they are grouped by source, code and address, with times, the newest ids and what the code means', () => {
  const path = join(folder, 'refused.db');
  const limits = { bytesMax: 64 * MIB, bytesMaxOfAll: 64 * MIB, days: 7 };
  const store = new RefusedStore(openRefused(path).database, limits);
  const ids = [1, 2, 3, 4].map((at) => `ref_${String(at).padStart(16, '0')}`);
  for (const [at, id] of ids.entries()) store.keep([refused(id, { receivedAt: NOW + at * 60_000 })], NOW);
  store.keep([refused('ref_5', { address: '203.0.113.2' }), refused('ref_6', { code: 'hmac_missing' })], NOW);
  store.keep([refused('ref_7', { source: 'flintn' })], NOW);
  store.close();

  const reader = new RefusedReader(path);
  const { groups, more } = reader.failures();
  expect(groups.map(({ source, code, address, count }) => [source, code, address, count])).toContainEqual([
    ...['shippo', 'hmac_missing', '203.0.113.1'],
    1,
  ]);
  expect([groups.length, more]).toEqual([4, 0]);
  expect(groups[0]).toEqual({
    source: 'shippo',
    code: 'hmac_mismatch',
    address: '203.0.113.1',
    count: 4,
    first: new Date(NOW).toISOString(),
    last: new Date(NOW + 180_000).toISOString(),
    newest: ids.slice(1).toReversed(),
  });
  expect(reader.failures({ source: 'flintn' }).groups).toMatchObject([
    { source: 'flintn', count: 1, newest: ['ref_7'] },
  ]);

  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  showRefusedFailures(reader, { sources: [] }, { source: 'shippo', json: false });
  vi.restoreAllMocks();
  expect(text).toContain('shippo  hmac_mismatch  from 203.0.113.1  4 requests\n');
  expect(text).toContain('SHIPPO_WEBHOOK_SECRET');
  for (const line of text.split('\n')) expect(line.length).toBeLessThan(81);
  reader.close();
});
