/** The status of a running service: what it asks for, and what it makes of answers that fail, are late, or are not the whole. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readDisk } from '../../src/serve/disk.ts';
import { readStatus, type StatusSource } from '../../src/serve/status-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(folder, { recursive: true }));

const WELL: StatusSource = {
  role: 'both',
  database: { kind: 'sqlite', path: join(folder, 'inbox.db') },
  startedAt: 0,
  folder,
  sources: () => [{ name: 'one', schemes: ['hmac'] }],
  isReady: () => true,
  alarms: () => [],
  work: async () => ({ inbox: 'i', backlog: [], oldestPendingAt: null, resting: [], paused: [] }),
  standing: async () => ({ inbox: 'i', sources: [], replicas: undefined }),
  untold: () => undefined,
};

test('a service that knows everything, and nothing bad, is well', async () => {
  expect(await readStatus(WELL)).toMatchObject({
    isWell: true,
    service: { place: join(folder, 'inbox.db'), startedAt: '1970-01-01T00:00:00.000Z' },
    sources: [{ source: 'one', today: 0, lastAt: null }],
    unknown: [],
  });
});

test.each<[string, Partial<StatusSource>, string]>([
  ['that cannot be read', { standing: () => Promise.reject(new Error('EIO')) }, 'EIO'],
  ['of an inbox that is gone', { standing: async () => undefined }, 'there is no inbox'],
  [
    'that the inbox does not take',
    { untold: () => 'disk full' },
    'does not take what was counted: disk full',
  ],
])('counts %s are not known, and that is not well', async (_, more, why) => {
  const status = await readStatus({ ...WELL, ...more });
  expect(status.isWell).toBe(false);
  expect(status.unknown).toEqual([{ what: 'counts', why: expect.stringContaining(why) }]);
  expect(status.sources).toMatchObject([{ today: null, lastHour: null }]);
});

test('an inbox that does not say what waits leaves all the rest known', async () => {
  const status = await readStatus({ ...WELL, work: () => Promise.reject(new Error('it is being counted')) });
  expect(status).toMatchObject({
    isWell: false,
    handlers: null,
    clock: null,
    sources: [{ today: 0 }],
    unknown: [{ what: 'handlers', why: 'it is being counted' }],
  });
});

test('the room on the disk is that of the folder, or of the one in which it will be made', async () => {
  const { freeMb, isReadOnly } = await readDisk(folder);
  expect([freeMb > 0, isReadOnly]).toEqual([true, false]);
  expect((await readDisk(join(folder, 'not/there/yet'))).folder).toBe(folder);
});
