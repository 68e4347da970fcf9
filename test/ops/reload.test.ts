/** Which files of settings are looked at, and from when on. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { meta } from 'consignee';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ReloadOptions, reloadOnChange } from '../../src/ops/reload.ts';
import { settingsFrom } from '../../src/serve/config/settings.ts';
import { SECRET } from '../harness/project.ts';
import { waitFor } from '../harness/waiting.ts';

let folder: string;
let stop = () => {};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `${text}\n`);
  return path;
}

/** Counts how often settings were read again. */
function watch(env: Readonly<Record<string, string>>, more: Partial<ReloadOptions> = {}) {
  const wiring = { sources: [{ preset: meta, handlers: {} }], knobs: {}, wiring: undefined };
  const settings = settingsFrom(wiring, { META_WEBHOOK_SECRET: SECRET, ...env }, true);
  const seen = { readings: 0 };
  const reload = async () => {
    seen.readings++;
    return settings;
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const given = { settings, readAt: Date.now() + 60_000, reload, dotenv: undefined, onHangup: false, log };
  stop = reloadOnChange({ ...given, ...more });
  return seen;
}

test.each(['META_WEBHOOK_SECRET_FILE', 'META_VERIFY_TOKEN_FILE', 'CONSOLE_READ_TOKEN_FILE'])(
  '%s is read again when it has changed',
  async (setting) => {
    const path = write('secret', SECRET);
    const seen = watch({ [setting]: path });
    let changes = 0;
    const change = () => write('secret', SECRET + ++changes);
    await waitFor(
      () => change() && seen.readings > 0,
      20_000,
      () => `${setting} was not read again`,
    );
  },
);

test('what has changed since it was read is read again, though nobody has looked yet', async () => {
  const path = write('secret', SECRET);
  const readAt = statSync(path).mtimeMs - 1;
  const seen = watch({ META_VERIFY_TOKEN_FILE: path }, { readAt });
  await waitFor(
    () => seen.readings > 0,
    20_000,
    () => 'it was not read again',
  );
});

test('what has not, and what is not there, is not', () => {
  const path = write('secret', SECRET);
  const readAt = statSync(path).mtimeMs + 1;
  const seen = watch(
    { META_VERIFY_TOKEN_FILE: path, CONSOLE_TOKEN_FILE: join(folder, 'nowhere') },
    { readAt },
  );
  expect(seen.readings).toBe(0);
});
