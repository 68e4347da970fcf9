/** Which modes files and folders of ours get, by the folder they lie in. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePrivateFile, makePrivateFolder, tightenFile } from '../../src/base/private-files.ts';
import { openRefused } from '../../src/inbox/refused/file.ts';
import { openInboxFile, takeOwnership } from '../../src/inbox/sqlite/files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

/** Each folder with its mode, its group, and the modes in it. */
const PLACES: [string, number, number | undefined, string, string][] = [
  ['a folder of its own', 0o700, undefined, '600', '700'],
  ['a folder that all may read', 0o755, undefined, '600', '700'],
  ['a folder with setgid', 0o2770, undefined, '660', '2770'],
  ['a folder with setgid that the group only reads', 0o2750, undefined, '660', '2770'],
  ['a folder of group 0 that the group may write to', 0o770, 0, '660', '770'],
  ['a folder of group 0 that is closed to it', 0o750, 0, '600', '700'],
  ['a folder of another group that may write to it', 0o775, 1234, '600', '700'],
];
const isRoot = process.getuid?.() === 0;

test.each(PLACES.filter(([, , group]) => isRoot || group === undefined))(
  'in %s',
  (_, mode, group, file, below) => {
    if (isRoot) chownSync(folder, 0, group ?? 4321);
    chmodSync(folder, mode);
    const database = openInboxFile(join(folder, 'inbox.db'));
    const { database: refused } = openRefused(join(folder, 'refused.db'));
    const owner = takeOwnership(join(folder, 'inbox.db'));
    const names = readdirSync(folder).sort();
    expect(names).toEqual([
      'inbox.db',
      'inbox.db-owner',
      'inbox.db-shm',
      'inbox.db-wal',
      'refused.db',
      'refused.db-shm',
      'refused.db-wal',
    ]);
    expect(names.map((name) => modeOf(join(folder, name)))).toEqual(names.map(() => file));
    for (const one of [database, refused, owner]) one.close();
    makePrivateFolder(join(folder, 'one/two'));
    expect([modeOf(join(folder, 'one')), modeOf(join(folder, 'one/two'))]).toEqual([below, below]);
    makePrivateFile(join(folder, 'one/two/file'));
    expect(modeOf(join(folder, 'one/two/file'))).toBe(file);
  },
);

test('what is there is given the mode it would have now, and a folder none', () => {
  const path = join(folder, 'file');
  for (const [mode, folderMode, after] of [
    [0o644, 0o755, '600'],
    [0o666, 0o2770, '660'],
    [0o600, 0o2770, '660'],
    [0o660, 0o700, '600'],
  ] as const) {
    writeFileSync(path, '');
    chmodSync(path, mode);
    chmodSync(folder, folderMode);
    tightenFile(path);
    expect(modeOf(path)).toBe(after);
  }
  mkdirSync(join(folder, 'there'), { mode: 0o755 });
  makePrivateFolder(join(folder, 'there'));
  expect(modeOf(join(folder, 'there'))).toBe('755');
});
