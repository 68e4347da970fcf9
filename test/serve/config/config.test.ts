/** What may be set, and what keeps the service from starting. Secrets: secrets.test.ts. The inbox: database.test.ts. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd } from '../../harness/command.ts';
import { GOOD, reading, settingsOf, sourceOf, textOf } from './reading.ts';

const ON = { FLEXPORT_WEBHOOK_SECRET: GOOD };

test('with nothing set, the defaults hold, every source is off, and there is no problem', () => {
  const { config, problems, warnings } = reading({});
  expect([problems, warnings]).toEqual([[], []]);
  expect(config).toMatchObject({
    production: false,
    host: '0.0.0.0',
    port: 3000,
    trustProxy: [],
    requireHttps: false,
    database: { kind: 'sqlite', path: 'data/inbox.db' },
    dataDir: 'data',
    refusedPath: 'data/inbox.db-refused',
    retentionDays: 30,
    logLevel: 'info',
    console: { host: '127.0.0.1', port: 3001, tokens: [] },
    shutdownDelayMs: 0,
  });
  expect(config.sources.map(({ path, schemes, bodyLimitBytes }) => [path, schemes, bodyLimitBytes])).toEqual([
    ['/webhooks/flexport', [], 1_048_576],
    ['/webhooks/shippo', [], 1_048_576],
    ['/webhooks/flintn', [], 1_048_576],
    ['/webhooks/flatfile', [], 26_214_400],
  ]);
});

test('production asks for TLS and gives load balancers time', () => {
  const { config, problems } = reading({ NODE_ENV: 'production', ...ON });
  expect(problems).toEqual([]);
  expect(config).toMatchObject({ production: true, requireHttps: true, shutdownDelayMs: 5_000 });
});

test.each(['Production', 'prod', '"production"', 'production\r', ' production', 'staging'])(
  'a NODE_ENV of %j is refused, and not taken for less security',
  (mode) => {
    const { problems } = reading({ NODE_ENV: mode, ...ON });
    expect(settingsOf(problems)).toEqual(['NODE_ENV']);
    expect(textOf(problems)).toContain('serve is production unless it is called with --dev');
  },
);

test('the cause is named, where one is known', () => {
  for (const [environment, says] of [
    [{ HOST: '[::]' }, 'HOST has brackets around it. Write ::.'],
    [{ HOST: '0.0.0.0:3000' }, 'HOST is neither an address nor a name.'],
    [{ HOST: 'http://localhost' }, 'HOST is neither an address nor a name.'],
    [
      { CONSOLE_PORT: 'tcp://10.0.0.1:3001' },
      'CONSOLE_PORT is what Kubernetes sets for a Service of that name',
    ],
    [{ PORT: '"3000"' }, 'PORT has quotes around its value'],
    [{ TRUST_PROXY: "'loopback'" }, 'TRUST_PROXY has quotes around its value'],
    [{ TRUST_PROXY: '0.0.0.0/1, 128.0.0.0/1' }, 'TRUST_PROXY matches every address, if its ranges'],
    [{ TRUST_PROXY: '::/2,8000::/1,4000::/2' }, 'TRUST_PROXY matches every address, if its ranges'],
    [
      { ...ON, FLEXPORT_ALLOW_FROM: '0.0.0.0/2,64.0.0.0/2,128.0.0.0/1,1.2.3.4' },
      'FLEXPORT_ALLOW_FROM matches every address, if its ranges',
    ],
  ] as const) {
    const { problems } = reading(environment);
    expect(problems).toHaveLength(1);
    expect(textOf(problems)).toContain(says);
  }
  expect(reading({ TRUST_PROXY: '0.0.0.0/1,128.0.0.0/2,192.0.0.0/3' }).problems).toEqual([]);
  expect(reading({ HOST: '::' }).problems).toEqual([]);
});

test('a misspelt variable is told of, with the one that was probably meant', () => {
  const environment = {
    ...ON,
    SHIPO_WEBHOOK_SECRET: GOOD,
    SHIPO_WEBHOOK_SECRET_FILE: '/run/secrets/shippo',
    FLEXPORT_WEBHOOK_SECRETS: GOOD,
    GITHUB_WEBHOOK_SECRET: GOOD,
  };
  const { problems, warnings } = reading(environment);
  expect(problems).toEqual([]);
  expect(warnings.map(({ setting, fix }) => `${setting}: ${fix}`).sort()).toEqual([
    expect.stringContaining('FLEXPORT_WEBHOOK_SECRETS: Did you mean FLEXPORT_WEBHOOK_SECRET? '),
    expect.stringContaining('SHIPO_WEBHOOK_SECRET: Did you mean SHIPPO_WEBHOOK_SECRET? '),
    expect.stringContaining('SHIPO_WEBHOOK_SECRET_FILE: Did you mean SHIPPO_WEBHOOK_SECRET_FILE? '),
  ]);
});

test('what is set is checked, all of it, in one order', () => {
  const all = {
    FLATFILE_JWT_SECRET: GOOD,
    FLATFILE_WEBHOOK_SECRET: GOOD,
    FLATFILE_WEBHOOK_TOKEN: GOOD,
    FLATFILE_ALLOW_FROM: '203.0.113.0/24',
  };
  expect(sourceOf(all, 'flatfile').schemes).toEqual(['ip', 'token', 'hmac', 'jwt']);
  expect(sourceOf({ FLATFILE_JWT_SECRET: GOOD }, 'flatfile').schemes).toEqual(['jwt']);
  expect(reading({ ...all, FLATFILE_VERIFY: ' JWT,hmac , token,ip' }).problems).toEqual([]);
});

test.each([
  [{ FLEXPORT_BODY_LIMIT: '1mb' }, 1_048_576],
  [{ FLEXPORT_BODY_LIMIT: '500 KB' }, 512_000],
  [{ FLEXPORT_BODY_LIMIT: '77' }, 77],
  [{ FLEXPORT_BODY_LIMIT: '' }, 1_048_576],
])('a body limit is read: %o', (environment, bytes) => {
  expect(reading(environment).problems).toEqual([]);
  expect(sourceOf(environment, 'flexport').bodyLimitBytes).toBe(bytes);
});

test('addresses, ranges and published lists are read into one form', () => {
  const environment = {
    SHIPPO_ALLOW_FROM: ' 203.0.113.7 , ::ffff:10.0.0.0/104,shippo-eu',
    TRUST_PROXY: 'loopback,10.0.0.5',
  };
  const { problems, config } = reading({ ...environment, SHIPPO_WEBHOOK_TOKEN: GOOD });
  expect(problems).toEqual([]);
  const rules = sourceOf(environment, 'shippo').allowFrom.flatMap((entry) => entry.rules);
  expect(rules).toEqual([
    ...['203.0.113.7', '10.0.0.0/8', '34.248.247.69', '34.253.119.130', '52.214.174.64', '54.72.179.250'],
  ]);
  expect(config.trustProxy).toEqual(['127.0.0.0/8', '::1/128', '10.0.0.5']);
});

const RULES = [
  ...[
    '203.0.113.0/33',
    '203.0.113.9/032',
    '0.0.0.0/0',
    '203.0.113.9/0',
    '::/0',
    '::ffff:0:0/96',
    '2001:db8::/129',
  ],
  ...[
    '0313.0.113.9',
    '0xcb.0.113.9',
    '203.0.28937',
    '203.0.113.*',
    '203.0.113.0-203.0.113.9',
    'fe80::1%eth0',
  ],
  ...[
    'hooks.partner.example',
    'https://203.0.113.9',
    '203.0.113.9:443',
    '203.0.113.9 203.0.113.10',
    'shippo-mars',
  ],
];

test.each(RULES)(
  'an address rule that cannot hold is refused wherever it stands, and not shown: %s',
  (rule) => {
    for (const value of [rule, `192.0.2.1, ${rule}`, `${rule},192.0.2.1`]) {
      const { problems } = reading({ ...ON, FLEXPORT_ALLOW_FROM: value, TRUST_PROXY: value });
      expect(settingsOf(problems).sort()).toEqual(['FLEXPORT_ALLOW_FROM', 'TRUST_PROXY']);
      expect(textOf(problems)).not.toContain(rule);
    }
  },
);

test.each([
  ['a switch', { TRUST_PROXY: 'true' }, 'TRUST_PROXY'],
  ['a switch, off', { TRUST_PROXY: 'FALSE' }, 'TRUST_PROXY'],
  ['a hop count', { TRUST_PROXY: '1' }, 'TRUST_PROXY'],
  ['a switch in a list', { TRUST_PROXY: 'loopback,true' }, 'TRUST_PROXY'],
  ['a hop count in a list', { TRUST_PROXY: '10.0.0.5,2' }, 'TRUST_PROXY'],
  ['an empty entry', { TRUST_PROXY: '10.0.0.5,' }, 'TRUST_PROXY'],
  ['an empty allowlist', { ...ON, FLEXPORT_ALLOW_FROM: '' }, 'FLEXPORT_ALLOW_FROM'],
  ['a blank allowlist', { ...ON, FLEXPORT_ALLOW_FROM: ' ' }, 'FLEXPORT_ALLOW_FROM'],
  [
    'an allowlist with an empty entry',
    { ...ON, FLEXPORT_ALLOW_FROM: '192.0.2.1,,192.0.2.2' },
    'FLEXPORT_ALLOW_FROM',
  ],
  ['a name every object has', { ...ON, FLEXPORT_ALLOW_FROM: '__proto__' }, 'FLEXPORT_ALLOW_FROM'],
  ['a pinned scheme that is not set', { ...ON, FLEXPORT_VERIFY: 'hmac,jwt' }, 'FLEXPORT_VERIFY'],
  [
    'a set scheme that is not pinned',
    { ...ON, FLEXPORT_WEBHOOK_TOKEN: GOOD, FLEXPORT_VERIFY: 'hmac' },
    'FLEXPORT_VERIFY',
  ],
  ['an unknown scheme', { ...ON, FLEXPORT_VERIFY: 'hmac,hmca' }, 'FLEXPORT_VERIFY'],
  ['no check at all', { ...ON, FLEXPORT_VERIFY: 'none' }, 'FLEXPORT_VERIFY'],
  ['an empty pin', { ...ON, FLEXPORT_VERIFY: '' }, 'FLEXPORT_VERIFY'],
  ['a pin on a source that is off', { SHIPPO_VERIFY: 'ip,token' }, 'SHIPPO_VERIFY'],
  ['a port that is none', { PORT: '65536' }, 'PORT'],
  ['a port in words', { PORT: 'http' }, 'PORT'],
  ['a port in hexadecimal', { PORT: '0x50' }, 'PORT'],
  ['one port for both', { PORT: '4000', CONSOLE_PORT: '4000' }, 'CONSOLE_PORT'],
  ['a console port with a fraction', { CONSOLE_PORT: '1.5' }, 'CONSOLE_PORT'],
  ['neither true nor false', { REQUIRE_HTTPS: 'yes' }, 'REQUIRE_HTTPS'],
  ['SHA-1, perhaps', { ...ON, FLEXPORT_ALLOW_SHA1: '1' }, 'FLEXPORT_ALLOW_SHA1'],
  ['days below one', { RETENTION_DAYS: '0' }, 'RETENTION_DAYS'],
  ['days in words', { RETENTION_DAYS: 'forever' }, 'RETENTION_DAYS'],
  ['a delay below none', { SHUTDOWN_DELAY_MS: '-1' }, 'SHUTDOWN_DELAY_MS'],
  ['a level that is none', { LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
  ['a limit of nothing', { FLEXPORT_BODY_LIMIT: '0' }, 'FLEXPORT_BODY_LIMIT'],
  ['a limit without end', { FLEXPORT_BODY_LIMIT: 'Infinity' }, 'FLEXPORT_BODY_LIMIT'],
  ['a limit beyond memory', { FLEXPORT_BODY_LIMIT: '99999mb' }, 'FLEXPORT_BODY_LIMIT'],
  ['a console for everybody', { CONSOLE_HOST: '0.0.0.0' }, 'CONSOLE_HOST'],
  ['a console for everybody, IPv6', { CONSOLE_HOST: '::' }, 'CONSOLE_HOST'],
  ['a console on a name', { CONSOLE_HOST: 'console.example' }, 'CONSOLE_HOST'],
  ['a token to look without one to act', { CONSOLE_READ_TOKEN: GOOD }, 'CONSOLE_READ_TOKEN'],
  ['one token for both', { CONSOLE_TOKEN: GOOD, CONSOLE_READ_TOKEN: GOOD }, 'CONSOLE_READ_TOKEN'],
])(
  'this keeps the service from starting, and only this variable is named: %s',
  (_title, environment, setting) => {
    const { problems } = reading(environment);
    expect([...new Set(settingsOf(problems))]).toEqual([setting]);
    expect(textOf(problems)).not.toContain(GOOD);
  },
);

test.each([
  ['a console for everybody, with a token', { CONSOLE_HOST: '0.0.0.0', CONSOLE_TOKEN: GOOD }],
  ['a token to look beside one to act', { CONSOLE_TOKEN: GOOD, CONSOLE_READ_TOKEN: `${GOOD}-2` }],
  ['a console on this machine', { CONSOLE_HOST: 'localhost' }],
  ['two ports that the system chooses', { PORT: '0', CONSOLE_PORT: '0' }],
  ['variables that are there but empty', { PORT: '', TRUST_PROXY: '', LOG_LEVEL: '', DATABASE_URL: '' }],
])('this does not: %s', (_title, environment) => {
  expect(reading(environment).problems).toEqual([]);
});

test('an address as the only check is a warning, and in production a problem', () => {
  const environment = { SHIPPO_ALLOW_FROM: 'shippo' };
  expect(reading(environment).problems).toEqual([]);
  expect(settingsOf(reading(environment).warnings)).toEqual(['SHIPPO_ALLOW_FROM']);
  const production = { ...environment, NODE_ENV: 'production' };
  expect(settingsOf(reading(production).problems)).toEqual(['SHIPPO_ALLOW_FROM']);
  expect(reading({ ...production, SHIPPO_WEBHOOK_TOKEN: GOOD }).problems).toEqual([]);
});

test('production without any source does not start', () => {
  const { problems } = reading({ NODE_ENV: 'production' });
  expect(problems).toHaveLength(1);
  expect(textOf(problems)).toContain('FLEXPORT_WEBHOOK_SECRET');
});

test('a misspelt setting of a source is warned about', () => {
  const { warnings } = reading({
    ...ON,
    FLEXPORT_ALOW_FROM: '1.2.3.4',
    FLEXPORT_ALLOWFROM: '1.2.3.4',
    FLEXPORT_WEBHOOK_SECRETS: GOOD,
  });
  expect(settingsOf(warnings)).toEqual(
    expect.arrayContaining(['FLEXPORT_ALLOWFROM', 'FLEXPORT_WEBHOOK_SECRETS']),
  );
  expect(textOf(warnings)).not.toContain(GOOD);
});

test('consignee serve ends with 78 and lists every problem, without a value and without touching the inbox', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const env = {
    NODE_ENV: 'production',
    DATABASE_URL: `sqlite:${folder}/inbox.db`,
    FLEXPORT_WEBHOOK_SECRET: 'your_prod_webhook_secret',
    SHIPPO_WEBHOOK_TOKEN: `${GOOD}\n`,
    SHIPPO_ALLOW_FROM: 'hooks.partner.example',
    FLINTN_WEBHOOK_SECRET_FILE: join(folder, 'not-there'),
    FLATFILE_VERIFY: 'hmac',
    TRUST_PROXY: 'true',
    CONSOLE_HOST: '0.0.0.0',
  };
  const { code, output } = await runToEnd(['serve'], { env, cwd: folder });
  expect(code).toBe(78);
  const { NODE_ENV: _mode, DATABASE_URL: _inbox, ...wrong } = env;
  for (const setting of Object.keys(wrong)) expect(output).toMatch(new RegExp(`^ +${setting} `, 'm'));
  for (const value of ['your_prod_webhook_secret', GOOD, 'hooks.partner.example'])
    expect(output).not.toContain(value);
  expect(output).not.toMatch(/^ +at /m);
  expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
