/** What may be wrong in the options of a forward: told all together, at boot, and no secret repeated. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Problem } from '../../../src/base/errors.ts';
import { type ForwardOptions, forward } from '../../../src/deliver/handlers/forward.ts';
import { wiringProblems } from '../../../src/serve/config/wiring.ts';
import { flexport } from '../../../src/verify/presets/flexport/preset.ts';
import { SIGNING_SECRET } from '../../fixtures/forward/run.ts';
import { runToEnd, SECRET } from '../../service.ts';

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
  ['ftp://orders.example', ['gives forward a url that is not https:// or http://']],
  ['orders.example/webhooks', ['gives forward a url that is not https:// or http://']],
  ['https://', ['gives forward a url that is not https:// or http://']],
  ['', ['gives forward a url that is not https:// or http://']],
  [7, ['gives forward a url that is not https:// or http://']],
  [undefined, ['gives forward no url']],
  ['https://user@orders.example/', ['gives forward a url with a user or password in it']],
  ['https://:pass@orders.example/', ['gives forward a url with a user or password in it']],
  ['https://orders.example/#part', ['gives forward a url with a fragment']],
  ['https://orders.example/#', ['gives forward a url with a fragment']],
  [
    'https://user:canary@orders.example/?token=canary#canary',
    ['gives forward a url with a user or password in it', 'gives forward a url with a fragment'],
  ],
])('a url %j', (url, wrong) => {
  expect(wrongIn({ url })).toEqual(wrong);
  expect(JSON.stringify(problemsOf({ url }))).not.toContain('canary');
});

test.each([
  [{ Host: 'a' }, 'the header Host, which is not yours to set'],
  [{ 'content-length': '1' }, 'the header content-length, which is not yours to set'],
  [{ 'Content-Type': 'text/plain' }, 'the header Content-Type, which is not yours to set'],
  [{ 'Transfer-Encoding': 'chunked' }, 'the header Transfer-Encoding, which is not yours to set'],
  [{ Connection: 'close' }, 'the header Connection, which is not yours to set'],
  [{ 'Keep-Alive': '1' }, 'the header Keep-Alive, which is not yours to set'],
  [{ 'Proxy-Authorization': 'a' }, 'the header Proxy-Authorization, which is not yours to set'],
  [{ TE: 'trailers' }, 'the header TE, which is not yours to set'],
  [{ Trailer: 'a' }, 'the header Trailer, which is not yours to set'],
  [{ Upgrade: 'h2c' }, 'the header Upgrade, which is not yours to set'],
  [{ Expect: '100-continue' }, 'the header Expect, which is not yours to set'],
  [{ 'WebHook-Signature': 'a' }, 'the header WebHook-Signature, which is not yours to set'],
  [{ 'ce-type': 'a' }, 'the header ce-type, which is not yours to set'],
  [{ 'consignee-source': 'a' }, 'the header consignee-source, which is not yours to set'],
  [{ 'idempotency-key': 'a' }, 'the header idempotency-key, which is not yours to set'],
  [
    { 'X-One': '1', 'Authorization: Bearer canary': 'a' },
    'headers of which number 2 has a name that cannot be',
  ],
  [{ '': 'canary' }, 'headers of which number 1 has a name that cannot be'],
  [{ 'X-Line': 'canary\r\nX-Injected: 1' }, 'the header X-Line with a value that cannot be'],
  [{ 'X-Number': 7 }, 'the header X-Number with a value that cannot be'],
  [{ 'X-Empty': ' ' }, 'the header X-Empty with a value that cannot be'],
  [{ Authorization: undefined }, 'the header Authorization with a value that cannot be'],
  [{ Authorization: `Bearer ${process.env.NOT_THERE}` }, 'the header Authorization with the value undefined'],
  ['canary', 'headers that are not names and values'],
  [[['X-A', 'canary']], 'headers that are not names and values'],
])('headers %j', (headers, wrong) => {
  expect(wrongIn({ headers })).toEqual([`gives the forward to orders.example ${wrong}`]);
  expect(JSON.stringify(problemsOf({ url: URL, headers }))).not.toContain('canary');
});

test.each([
  [{ format: 'xml' }, 'a format that it does not know'],
  [{ format: 'toString' }, 'a format that it does not know'],
  [{ timeoutMs: 0 }, 'a timeoutMs that cannot be'],
  [{ timeoutMs: 1.5 }, 'a timeoutMs that cannot be'],
  [{ timeoutMs: '10s' }, 'a timeoutMs that cannot be'],
  [{ timeoutMs: 600_001 }, 'a timeoutMs that cannot be'],
  [{ allow: '10.0.0.1' }, 'an allow that is not a list'],
  [
    { allow: ['10.0.0.1', 'orders.example'] },
    'an allow that has an entry (number 2) that is not an IP address or CIDR range',
  ],
  [{ allow: ['0.0.0.0/0'] }, 'an allow that has an entry (number 1) that matches every address'],
  [{ allow: ['::/0'] }, 'an allow that has an entry (number 1) that matches every address'],
  [{ allow: [''] }, 'an allow that has an empty entry (number 1)'],
  [{ allow: [null] }, 'an allow that has an empty entry (number 1)'],
  [{ timeout: 5 }, 'the option timeout, which there is not'],
  [{ Secret: 'canary' }, 'the option Secret, which there is not'],
])('options %j', (options, wrong) => {
  expect(wrongIn(options)).toEqual([`gives the forward to orders.example ${wrong}`]);
});

test.each([undefined, null, 'https://orders.example', 7, []])('forward(%j) does not throw', (options) => {
  const [first] = problemsOf(options);
  expect(first?.wrong).toBe('gives forward no url');
});

test('one secret or unsigned, not both and not neither', () => {
  process.env[SETTING] = SIGNING_SECRET;
  expect(wrongIn({ unsigned: undefined })).toEqual([
    'gives the forward to orders.example no secret to sign with',
  ]);
  expect(wrongIn({ secret: SETTING })).toEqual([
    'gives the forward to orders.example a secret, and unsigned: true',
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
        wrong: 'gives the forward to orders.example a secret that is not the name of an environment variable',
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
  expect(wiringProblems([wiring(1), wiring(2)]).map(({ wrong }) => wrong)).toEqual([
    'gives at-2/orders and at-1/orders one target, but different concurrency or ratePerSecond',
  ]);
});

test('a service that cannot forward does not start, and says everything at once', async () => {
  const env = { ONE_WEBHOOK_SECRET: SECRET, TARGET_PORT: 'canary' };
  const config = join(import.meta.dirname, '../../fixtures/forward');
  const { code, output } = await runToEnd(['serve', '--config', config], { env, cwd: folder });
  expect(code).toBe(78);
  for (const said of [
    'config/sources.ts gives forward a url that is not https:// or http://',
    'config/sources.ts gives forward the header Authorization with the value undefined',
    `${SETTING} is not set, and forward signs with it`,
    MAKE,
  ]) {
    // Once, however many handlers share it.
    expect(output.split(said)).toHaveLength(2);
  }
  expect(output).not.toContain('canary');
});
