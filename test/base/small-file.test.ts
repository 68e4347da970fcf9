/** A file that a setting names never makes the service wait, and never fills its memory. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSmallFile } from '../../src/base/settings/small-file.ts';
import { reading, textOf } from '../serve/config/reading.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-small-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

execFileSync('mkfifo', [at('pipe')]);
symlinkSync(at('pipe'), at('link-to-pipe'));
writeFileSync(at('huge'), '');
truncateSync(at('huge'), 1_073_741_824);
writeFileSync(at('full'), 'x'.repeat(1_048_576));
symlinkSync(at('full'), at('link'));

test.each([
  [at('pipe'), 'it is a pipe, not a file'],
  [at('link-to-pipe'), 'it is a pipe, not a file'],
  ['/dev/zero', 'it is a device, not a file'],
  [at('huge'), 'it has more than 1048576 bytes'],
  [folder, 'EISDIR'],
  [at('none'), 'ENOENT'],
])('%s is not read: %s', (path, reason) => {
  expect(() => readSmallFile(path)).toThrow(new Error(reason));
  for (const name of ['SHIPPO_WEBHOOK_SECRET_FILE', 'SHIPPO_ALLOW_FROM_FILE', 'DATABASE_URL_FILE']) {
    const { problems } = reading({ [name]: path });
    expect(textOf(problems)).toContain(`${name} names a file that cannot be read (${reason})`);
  }
});

test('a file is read whole, through a link, and one whose size is not known before', () => {
  expect(readSmallFile(at('link'))).toHaveLength(1_048_576);
  expect(readSmallFile('/proc/self/status').toString()).toContain('Name:');
});
