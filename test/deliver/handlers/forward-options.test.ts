/** What may be wrong in the options of a forward: told all together, at boot, and no secret repeated. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Problem } from '../../../src/base/errors.ts';
import { type ForwardOptions, forward } from '../../../src/deliver/handlers/forward.ts';
import { readWirings } from '../../../src/serve/config/wiring.ts';
import { flexport } from '../../../src/verify/presets/flexport/preset.ts';
import { SIGNING_SECRET } from '../../fixtures/forward/run.ts';
import { runToEnd } from '../../harness/command.ts';
import { SECRET } from '../../harness/project.ts';

const URL = 'https://orders.example/webhooks';
const SETTING = 'ORDERS_SIGNING_SECRET';
const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  for (const name of [SETTING, `${SETTING}_FILE`, `${SETTING}_PREVIOUS`]) delete process.env[name];
});

/** As if there were no type check. */
const problemsOf = (options: unknown): readonly Problem[] =>
  forward(options as ForwardOptions).problems ?? [];
const wrongIn = (options: object) =>
  problemsOf({ url: URL, unsigned: true, ...options }).map(({ wrong }) => wrong);

test('sound options have no problems, and what is left out is usual', () => {
  const handler = forward({ url: URL, unsigned: true });
  expect(handler).toMatchObject({
    problems: [],
    concurrency: 16,
    timeLimitMs: 12_000,
    target: `forward ${URL}`,
  });
  expect(Object.keys(handler)).not.toContain('maxAttempts');
  process.env[SETTING] = SIGNING_SECRET;
  const limits = { concurrency: 3, ratePerSecond: 0.5, maxAttempts: 9, types: ['a*'], sources: ['shippo'] };
  const format = 'cloudevents-structured';
  const full = {
    url: URL,
    secret: SETTING,
    format,
    headers: { 'X-Tenant': 'one' },
    allow: ['10.0.0.0/8'],
  } as const;
  expect(forward({ ...full, timeoutMs: 500, ...limits })).toMatchObject({
    problems: [],
    timeLimitMs: 2_500,
    ...limits,
  });
});

test.each([
  ['ftp://orders.example', ['url of forward is not an https:// or http:// URL']],
  ['orders.example/webhooks', ['url of forward is not an https:// or http:// URL']],
  ['https://', ['url of forward is not an https:// or http:// URL']],
  ['', ['url of forward is not an https:// or http:// URL']],
  [7, ['url of forward is not an https:// or http:// URL']],
  [undefined, ['url of forward is missing']],
  ['https://user@orders.example/', ['url of forward to orders.example has a user or password in it']],
  ['https://:pass@orders.example/', ['url of forward to orders.example has a user or password in it']],
  ['https://orders.example/#part', ['url of forward to orders.example has a fragment']],
  ['https://orders.example/#', ['url of forward to orders.example has a fragment']],
  [
    'https://user:canary@orders.example/?token=canary#canary',
    [
      'url of forward to orders.example has a user or password in it',
      'url of forward to orders.example has a fragment',
    ],
  ],
])('a url %j', (url, wrong) => {
  expect(wrongIn({ url })).toEqual(wrong);
  expect(JSON.stringify(problemsOf({ url }))).not.toContain('canary');
});

test.each([
  [{ Host: 'a' }, 'headers.Host of forward to orders.example is not yours to set'],
  [{ 'content-length': '1' }, 'headers.content-length of forward to orders.example is not yours to set'],
  [{ 'Content-Type': 'text/plain' }, 'headers.Content-Type of forward to orders.example is not yours to set'],
  [
    { 'Transfer-Encoding': 'chunked' },
    'headers.Transfer-Encoding of forward to orders.example is not yours to set',
  ],
  [{ Connection: 'close' }, 'headers.Connection of forward to orders.example is not yours to set'],
  [{ 'Keep-Alive': '1' }, 'headers.Keep-Alive of forward to orders.example is not yours to set'],
  [
    { 'Proxy-Authorization': 'a' },
    'headers.Proxy-Authorization of forward to orders.example is not yours to set',
  ],
  [{ TE: 'trailers' }, 'headers.TE of forward to orders.example is not yours to set'],
  [{ Trailer: 'a' }, 'headers.Trailer of forward to orders.example is not yours to set'],
  [{ Upgrade: 'h2c' }, 'headers.Upgrade of forward to orders.example is not yours to set'],
  [{ Expect: '100-continue' }, 'headers.Expect of forward to orders.example is not yours to set'],
  [
    { 'WebHook-Signature': 'a' },
    'headers.WebHook-Signature of forward to orders.example is not yours to set',
  ],
  [{ 'ce-type': 'a' }, 'headers.ce-type of forward to orders.example is not yours to set'],
  [{ 'consignee-source': 'a' }, 'headers.consignee-source of forward to orders.example is not yours to set'],
  [{ 'idempotency-key': 'a' }, 'headers.idempotency-key of forward to orders.example is not yours to set'],
  [
    { 'X-One': '1', 'Authorization: Bearer canary': 'a' },
    "headers of forward to orders.example has a name (number 2) with characters that a header's name cannot have",
  ],
  [
    { '': 'canary' },
    "headers of forward to orders.example has a name (number 1) with characters that a header's name cannot have",
  ],
  [
    { 'X-Line': 'canary\r\nX-Injected: 1' },
    'headers.X-Line of forward to orders.example is not one line of printable characters',
  ],
  [
    { 'X-Number': 7 },
    'headers.X-Number of forward to orders.example is not one line of printable characters',
  ],
  [
    { 'X-Empty': ' ' },
    'headers.X-Empty of forward to orders.example is not one line of printable characters',
  ],
  [
    { Authorization: undefined },
    'headers.Authorization of forward to orders.example is not one line of printable characters',
  ],
  [
    { Authorization: `Bearer ${process.env.NOT_THERE}` },
    'headers.Authorization of forward to orders.example has the value undefined',
  ],
  ['canary', 'headers of forward to orders.example is not an object of names and values'],
  [[['X-A', 'canary']], 'headers of forward to orders.example is not an object of names and values'],
])('headers %j', (headers, wrong) => {
  expect(wrongIn({ headers })).toEqual([wrong]);
  expect(JSON.stringify(problemsOf({ url: URL, headers }))).not.toContain('canary');
});

test.each([
  [{ format: 'xml' }, 'format', 'is "xml"', 'Use plain, cloudevents-binary, cloudevents-structured.'],
  [{ format: 'Plain' }, 'format', 'is "Plain"', /^Did you mean plain\? Use plain, /],
  [{ format: 'toString' }, 'format', 'is "toString"', /^Use plain, /],
  [{ timeoutMs: 0 }, 'timeoutMs', 'is 0', 'Use a whole number from 1 to 600000.'],
  [{ timeoutMs: 1.5 }, 'timeoutMs', 'is 1.5', 'Use a whole number from 1 to 600000.'],
  [{ timeoutMs: '10s' }, 'timeoutMs', 'is "10s"', 'Use a whole number from 1 to 600000.'],
  [{ timeoutMs: 600_001 }, 'timeoutMs', 'is 600001', 'Use a whole number from 1 to 600000.'],
  [{ allow: '10.0.0.1' }, 'allow', 'is not a list', /^Write allow: \[/],
  [
    { allow: ['10.0.0.1', 'orders.example'] },
    'allow',
    'has an entry (number 2) that is not an IP address or CIDR range',
    /^Write addresses or ranges, /,
  ],
  [{ allow: ['0.0.0.0/0'] }, 'allow', 'has an entry (number 1) that matches every address', /^Write /],
  [{ allow: ['::/0'] }, 'allow', 'has an entry (number 1) that matches every address', /^Write /],
  [{ allow: [''] }, 'allow', 'has an empty entry (number 1)', /^Take the extra comma out/],
  [{ allow: [null] }, 'allow', 'has an empty entry (number 1)', /^Take the extra comma out/],
  [{ timeout: 5 }, 'timeout', 'is not known', /^Did you mean timeoutMs\? The names are url, secret, /],
  [{ Secret: 'canary' }, 'Secret', 'is not known', /^Did you mean secret\? The names are url, secret, /],
])('options %j', (options, name, wrong, fix) => {
  expect(problemsOf({ url: URL, unsigned: true, ...options })).toEqual([
    {
      setting: 'config/sources.ts',
      wrong: `${name} of forward to orders.example ${wrong}`,
      fix: typeof fix === 'string' ? fix : expect.stringMatching(fix),
    },
  ]);
  expect(JSON.stringify(problemsOf({ url: URL, ...options }))).not.toContain('canary');
});

test.each([undefined, null, 'https://orders.example', 7, []])('forward(%j) does not throw', (options) => {
  const wrong = problemsOf(options).map((problem) => problem.wrong);
  expect(wrong).toContain('url of forward is missing');
  expect(wrong).toContain('secret of forward is missing');
  expect(JSON.stringify(wrong)).not.toContain('example');
});

test('one secret or unsigned, not both and not neither', () => {
  process.env[SETTING] = SIGNING_SECRET;
  expect(wrongIn({ unsigned: undefined })).toEqual(['secret of forward to orders.example is missing']);
  expect(wrongIn({ secret: SETTING })).toEqual([
    'secret of forward to orders.example is there beside unsigned: true',
  ]);
  expect(wrongIn({ unsigned: false })).toHaveLength(2);
});

test.each([SIGNING_SECRET, 'whsec_', 'some secret', '', 7, 'c2VjcmV0'])(
  'a secret %j in the place of its name is not repeated',
  (secret) => {
    const problems = problemsOf({ url: URL, secret });
    // Word for word, so without the value.
    expect(problems).toEqual([
      {
        setting: 'config/sources.ts',
        wrong: 'secret of forward to orders.example is not the name of an environment variable',
        fix: "Write the name only: secret: 'ORDERS_SIGNING_SECRET'; the secret goes into that variable.",
      },
    ]);
  },
);

const MAKE = 'Make one with: echo whsec_$(openssl rand -base64 32)';
const signed = { url: URL, secret: SETTING };

test('a variable that is not set is named, and how to make a secret is said', () => {
  const wrong = 'is not set, and forward signs with it';
  expect(problemsOf(signed)).toEqual([{ setting: SETTING, wrong, fix: MAKE }]);
});

test.each([
  ['whsec_', 'is not whsec_ and 24 to 64 bytes in base64'],
  ['0123456789abcdef0123456789abcdef0123456789abcdef', 'is not whsec_ and 24 to 64 bytes in base64'],
  [`whsec_${Buffer.alloc(23, 'canary').toString('base64')}`, 'is not whsec_ and 24 to 64 bytes in base64'],
  ['', 'is empty or blank'],
  [`${SIGNING_SECRET} `, 'has white space at its beginning or end'],
  ['changeme', 'is a placeholder, not a secret'],
])('a variable that holds %j is named, not shown', (value, wrong) => {
  process.env[SETTING] = value;
  const problems = problemsOf(signed);
  expect(problems).toMatchObject([{ setting: SETTING, wrong }]);
  if (value.length > 8) expect(JSON.stringify(problems)).not.toContain(value.trim());
});

test('a file and a retired secret are read, and each is named when it is bad', () => {
  const file = join(folder, 'secret');
  writeFileSync(file, `${SIGNING_SECRET}\nwhsec_bad\n`);
  process.env[`${SETTING}_FILE`] = file;
  process.env[`${SETTING}_PREVIOUS`] = 'whsec_worse';
  expect(problemsOf(signed).map(({ setting }) => setting)).toEqual([
    `${SETTING}_FILE`,
    `${SETTING}_PREVIOUS`,
  ]);
  writeFileSync(file, `${SIGNING_SECRET}\n`);
  delete process.env[`${SETTING}_PREVIOUS`];
  expect(problemsOf(signed)).toEqual([]);
  rmSync(file);
  expect(problemsOf(signed)).toMatchObject([
    { setting: `${SETTING}_FILE`, wrong: expect.stringContaining('ENOENT') },
  ]);
});

test('two forwards to one url must agree on their limits', () => {
  const wiring = (concurrency: number) => {
    const orders = forward({ url: URL, unsigned: true, concurrency });
    return { preset: flexport, name: `at-${concurrency}`, handlers: { orders } };
  };
  const problems: Problem[] = [];
  expect(readWirings([wiring(1), wiring(2)], problems)).toHaveLength(2);
  expect(problems.map(({ wrong }) => wrong)).toEqual([
    'concurrency of at-2/orders is 2, and of at-1/orders, which has the same target, 1',
  ]);
});

test('a service that cannot forward does not start, and says everything at once', async () => {
  const env = { ONE_WEBHOOK_SECRET: SECRET, TARGET_PORT: 'canary' };
  const config = join(import.meta.dirname, '../../fixtures/forward');
  const { code, output } = await runToEnd(['serve', '--config', config], { env, cwd: folder });
  expect(code).toBe(78);
  for (const said of [
    'config/sources.ts: url of forward is not an https:// or http:// URL',
    'config/sources.ts: headers.Authorization of forward has the value undefined',
    `${SETTING} is not set, and forward signs with it`,
    MAKE,
  ]) {
    // Once, however many handlers share it.
    expect(output.split(said)).toHaveLength(2);
  }
  expect(output).not.toContain('canary');
});
