/** What a changed setting does while the service runs: it is in force, or the log says that it takes a restart. */
import { afterEach, expect, test } from 'vitest';
import type { Environment } from '../../src/base/settings/environment.ts';
import { reloadOnChange } from '../../src/ops/reload.ts';
import type { Settings } from '../../src/ops/settings.ts';
import type { Config } from '../../src/serve/config/config.ts';
import { reading } from '../serve/config/reading.ts';

const SECRET = 'a-secret-of-the-tests-that-is-long-enough';
const BEFORE: Environment = {
  DATABASE_URL: 'sqlite:data/inbox.db',
  FLEXPORT_WEBHOOK_SECRET: SECRET,
  CONSOLE_TOKEN: SECRET,
};

const settingsOf = (environment: Environment): Settings => ({
  ...reading(environment),
  environment,
  sources: [],
  wiring: 'none',
});

let stop: (() => void) | undefined;
afterEach(() => stop?.());

/** Reads other settings at a SIGHUP; answers with the settings that the log names, once they are in force. */
async function change(changed: Environment): Promise<unknown[]> {
  const named: unknown[] = [];
  const note = (fields: object) => named.push((fields as { setting?: string }).setting);
  await new Promise<Config>((resolve) => {
    stop = reloadOnChange({
      settings: settingsOf(BEFORE),
      read: async () => settingsOf({ ...BEFORE, ...changed }),
      apply: async (config) => resolve(config),
      dotenv: undefined,
      onHangup: true,
      log: { debug() {}, info() {}, warn: note, error: note },
    });
    process.emit('SIGHUP', 'SIGHUP');
  });
  return named;
}

test.each([
  ['HOST', '127.0.0.1'],
  ['PORT', '8080'],
  ['CONSOLE_HOST', '::1'],
  ['CONSOLE_PORT', '8081'],
  ['TRUST_PROXY', '10.0.0.1'],
  ['REQUIRE_HTTPS', 'true'],
  ['DATABASE_URL', 'sqlite:data/another.db'],
  ['DATA_DIR', 'another'],
  ['RETENTION_DAYS', '7'],
  ['LOG_LEVEL', 'warn'],
  ['SHUTDOWN_DELAY_MS', '100'],
])('a changed %s takes a restart, and the log says so', async (setting, value) => {
  expect(await change({ [setting]: value })).toEqual([setting]);
});

test.each([
  ['FLEXPORT_WEBHOOK_SECRET', `${SECRET}-2`],
  ['FLEXPORT_BODY_LIMIT', '2mb'],
  ['FLEXPORT_ALLOW_FROM', '10.0.0.1'],
  ['CONSOLE_TOKEN', `${SECRET}-3`],
  ['CONSOLE_READ_TOKEN', `${SECRET}-4`],
  ['ALARM_URL', 'https://alerts.example.com'],
])('a changed %s takes none', async (setting, value) => {
  const alarms = { ALARM_SECRET: `whsec_${Buffer.from(SECRET).toString('base64')}` };
  expect(await change({ ...(setting === 'ALARM_URL' && alarms), [setting]: value })).toEqual([]);
});
