/** `check` looks at who may read what is there, and who may put something else in its place. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileFindings } from '../../src/serve/check/files.ts';
import { allSlots } from '../../src/serve/check/slots.ts';
import { reading } from '../serve/config/reading.ts';

let folder: string;
let data: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, mode: number): void {
  writeFileSync(path, 'Zt6Hq1Wm8Xs3Vk9Ry4Bn7Cj2Dp5Fg0La\n');
  chmodSync(path, mode);
}

function found(environment: Record<string, string> = {}) {
  const all = { DATABASE_URL: `sqlite:${join(data, 'inbox.db')}`, ...environment };
  const { config } = reading(all);
  return fileFindings({ config }, allSlots(config, all)).map(({ verdict, says }) => `${verdict}: ${says}`);
}

test('before the first start there is nothing to say', () => {
  rmSync(data, { recursive: true });
  expect(found()).toEqual([]);
});

test('what is closed is well, and every file that is not fails with its fix, also what was put aside', () => {
  const names = [
    'inbox.db',
    'inbox.db-wal',
    'inbox.db-owner',
    'inbox.db-refused',
    'inbox.db-refused-aside-2026',
  ];
  for (const name of names) put(join(data, name), 0o600);
  put(join(data, 'other'), 0o666);
  expect(found()).toEqual(['pass: 5 files of the inbox and of refused requests: closed to others']);
  for (const name of names) {
    const path = join(data, name);
    chmodSync(path, 0o644);
    expect(found()).toEqual([
      expect.stringContaining(`fail: others may read ${path} (mode 644): chmod 600 ${path}`),
    ]);
    chmodSync(path, 0o600);
  }
});

test('in a folder that its group shares, the group may read', () => {
  chmodSync(data, 0o2770);
  put(join(data, 'inbox.db'), 0o660);
  expect(found()).toEqual([expect.stringMatching(/^pass/)]);
  chmodSync(join(data, 'inbox.db'), 0o664);
  expect(found()).toEqual([expect.stringContaining('chmod 660')]);
});

test('a folder that others may write to fails, unless only owners may take away', () => {
  put(join(data, 'inbox.db'), 0o600);
  chmodSync(data, 0o777);
  expect(found()).toContain(
    `fail: others may put files of their own into ${data} (mode 777): chmod o-w ${data}`,
  );
  chmodSync(data, 0o1777);
  expect(found()).toEqual([expect.stringMatching(/^pass/)]);
});

test('a file of secrets that others may read is a warning; beside PostgreSQL the refused requests are looked at', () => {
  const secret = join(folder, 'secret');
  const environment = {
    DATABASE_URL: 'postgres://consignee:Zt6Hq1Wm8Xs3Vk9Ry4Bn7@localhost/consignee',
    DATA_DIR: data,
    SHIPPO_WEBHOOK_SECRET_FILE: secret,
  };
  put(secret, 0o640);
  put(join(data, 'refused.db'), 0o640);
  expect(found(environment)).toEqual([expect.stringContaining('refused.db (mode 640): chmod 600')]);
  chmodSync(join(data, 'refused.db'), 0o600);
  chmodSync(secret, 0o644);
  expect(found(environment)).toEqual([
    expect.stringMatching(/^pass: one file|^pass: 1 file/),
    expect.stringContaining(`warn: others may read the secrets in ${secret} (mode 644): chmod o= ${secret}`),
  ]);
});
