/** What a changed setting does while the service runs: it is in force after a reload, or takes a restart. */
import { expect, test } from 'vitest';
import type { Environment } from '../../../src/base/settings/environment.ts';
import { restartsFor } from '../../../src/serve/config/restart-settings.ts';
import { reading } from './reading.ts';

const SECRET = 'a-secret-of-the-tests-that-is-long-enough';
const BEFORE: Environment = {
  DATABASE_URL: 'sqlite:data/inbox.db',
  FLEXPORT_WEBHOOK_SECRET: SECRET,
  CONSOLE_TOKEN: SECRET,
};

const configOf = (environment: Environment) => reading(environment).config;
const change = (changed: Environment) => restartsFor(configOf(BEFORE), configOf({ ...BEFORE, ...changed }));

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
])('a changed %s takes a restart, and has its name', (setting, value) => {
  expect(change({ [setting]: value })).toEqual([setting]);
});

test.each([
  ['FLEXPORT_WEBHOOK_SECRET', `${SECRET}-2`],
  ['FLEXPORT_BODY_LIMIT', '2mb'],
  ['FLEXPORT_ALLOW_FROM', '10.0.0.1'],
  ['CONSOLE_TOKEN', `${SECRET}-3`],
  ['CONSOLE_READ_TOKEN', `${SECRET}-4`],
  ['ALARM_URL', 'https://alerts.example.com'],
])('a changed %s takes none', (setting, value) => {
  const alarms = { ALARM_SECRET: `whsec_${Buffer.from(SECRET).toString('base64')}` };
  expect(change({ ...(setting === 'ALARM_URL' && alarms), [setting]: value })).toEqual([]);
});
