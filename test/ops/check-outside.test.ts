/** What `check` asks of others: Flexport’s API and npm’s registry, both played by a server of the test; and redaction. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { auditFinding } from '../../src/ops/check/programs.ts';
import { redactionFinding } from '../../src/serve/check/canary.ts';
import { GOOD, useCheck } from '../fixtures/check/checking.ts';
import { ROOT } from '../harness/project.ts';

const KEY = 'a-key-of-the-tests-that-is-long-enough-0123';
const NEXT = 'the-next-key-of-the-tests-long-enough-0123';
const { check } = useCheck();

let server: Server;
let url: string;
let seen: IncomingMessage[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const online = (env: Record<string, string>) =>
  check({ ...GOOD, FLEXPORT_API_URL: url, ...env }, ['--online']);

/** Answers each key with its status. */
function withStatuses(statuses: Record<string, number>): void {
  answer = (request, response) => {
    const key = request.headers.authorization?.replace('Bearer ', '') ?? '';
    response.writeHead(statuses[key] ?? 500, { Location: `${url}/elsewhere` }).end('{"data":[]}');
  };
}

test('nothing is asked of Flexport unless --online says so', async () => {
  withStatuses({});
  const { of } = await check({ ...GOOD, FLEXPORT_API_URL: url, FLEXPORT_API_KEY: KEY });
  expect(of('FLEXPORT_API_KEY')).toEqual([]);
  expect(seen).toEqual([]);
});

test('a key that works, and a next one to switch to', async () => {
  withStatuses({ [KEY]: 200, [NEXT]: 200 });
  const { code, of } = await online({ FLEXPORT_API_KEY: KEY, FLEXPORT_API_KEY_NEXT: NEXT });
  expect(code).toBe(0);
  expect(of('FLEXPORT_API_KEY')).toMatchObject([{ verdict: 'pass', says: expect.stringMatching(/works$/) }]);
  expect(of('FLEXPORT_API_KEY_NEXT')).toMatchObject([
    { verdict: 'pass', says: expect.stringContaining('works; you may switch to it') },
  ]);
  expect(seen.map((request) => request.url)).toEqual(['/shipments?per=1', '/shipments?per=1']);
  expect(seen.map(({ method }) => method)).toEqual(['GET', 'GET']);
  expect(seen[0]?.headers['flexport-version']).toBe('2');
});

test('a refused key fails, one without that permission is valid', async () => {
  withStatuses({ [KEY]: 403, [NEXT]: 401 });
  const { code, of } = await online({ FLEXPORT_API_KEY: KEY, FLEXPORT_API_KEY_NEXT: NEXT });
  expect(code).toBe(1);
  expect(of('FLEXPORT_API_KEY')).toMatchObject([
    { verdict: 'pass', says: expect.stringContaining('may not list shipments') },
  ]);
  expect(of('FLEXPORT_API_KEY_NEXT')).toMatchObject([
    { verdict: 'fail', says: expect.stringContaining('Do not switch to it') },
  ]);
});

test('redirects are not followed, and other answers tell nothing of the key', async () => {
  for (const status of [302, 429, 503]) {
    seen = [];
    withStatuses({ [KEY]: status });
    const { code, of } = await online({ FLEXPORT_API_KEY: KEY });
    expect(code).toBe(0);
    expect(of('FLEXPORT_API_KEY')).toMatchObject([
      { verdict: 'warn', says: expect.stringContaining(`answered ${status}`) },
    ]);
    expect(seen).toHaveLength(1);
  }
});

test('no answer is a warning, at once or after a while', async () => {
  answer = () => {};
  const hanging = await online({ FLEXPORT_API_KEY: KEY });
  expect(hanging.of('FLEXPORT_API_KEY')).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('no answer within 10 s') },
  ]);
  server.closeAllConnections();
  server.close();
  const gone = await online({ FLEXPORT_API_KEY: KEY });
  expect(gone.of('FLEXPORT_API_KEY')).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('ECONNREFUSED') },
  ]);
});

test('keys go over TLS only, but to this machine, and without a key nothing is asked', async () => {
  withStatuses({});
  for (const wrong of ['http://api.flexport.test', 'ftp://127.0.0.1', 'api.flexport.com']) {
    const { code, failures } = await online({ FLEXPORT_API_KEY: KEY, FLEXPORT_API_URL: wrong });
    expect([code, failures]).toEqual([1, ['FLEXPORT_API_URL']]);
  }
  expect((await online({})).of('online')).toMatchObject([{ verdict: 'not known' }]);
  expect(seen).toEqual([]);
});

const cache = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** In npm’s place stands a program that does this. */
function auditedBy(script: string) {
  writeFileSync(join(cache, 'npm'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return check({ ...GOOD, PATH: `${cache}:/usr/bin:/bin` });
}

/** What npm would say. */
function reported(severities: Readonly<Record<string, string>>): string {
  const vulnerabilities = Object.fromEntries(
    Object.entries(severities).map(([name, severity]) => [name, { severity }]),
  );
  const counts = { total: 0, moderate: 0, high: 0, critical: 0 };
  for (const severity of Object.values(severities)) {
    counts.total++;
    counts[severity as 'high']++;
  }
  return `echo '${JSON.stringify({ vulnerabilities, metadata: { vulnerabilities: counts } })}'`;
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
const { version } = lock.packages['node_modules/express'] as { version: string };

test('the report that npm itself makes is understood, however long it takes on a busy machine', async () => {
  answer = (request, response) => {
    response.setHeader('Content-Type', 'application/json');
    const advisory = { id: 1, url: 'https://example.test/1', title: 'a flaw', severity: 'high' };
    if (request.url?.includes('advisories'))
      response.end(JSON.stringify({ express: [{ ...advisory, vulnerable_versions: '<99' }] }));
    else {
      const versions = { [version]: { name: 'express', version } };
      response.end(JSON.stringify({ name: 'express', 'dist-tags': { latest: version }, versions }));
    }
  };
  vi.stubEnv('npm_config_registry', url);
  vi.stubEnv('npm_config_cache', join(cache, 'cache'));
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await auditFinding(80_000)).toMatchObject({
    verdict: 'fail',
    says: expect.stringContaining('express (high)'),
  });
});

test('known vulnerabilities of what runs in production are told, the grave ones as failures', async () => {
  expect((await auditedBy(reported({}))).of('npm audit')).toMatchObject([
    { verdict: 'pass', says: 'no known vulnerability in what runs in production' },
  ]);
  const moderate = await auditedBy(reported({ express: 'moderate' }));
  expect([moderate.code, moderate.of('npm audit')]).toMatchObject([
    0,
    [{ verdict: 'warn', says: expect.stringContaining('express (moderate)') }],
  ]);
  const high = await auditedBy(reported({ express: 'moderate', pg: 'high' }));
  expect([high.code, high.failures]).toEqual([1, ['npm audit']]);
});

test('a registry that does not answer holds nothing up', async () => {
  const { code, of } = await auditedBy('exec sleep 300');
  expect([code, of('npm audit')]).toMatchObject([
    0,
    [{ verdict: 'not known', says: expect.stringContaining('gave no report') }],
  ]);
});

test('redaction is tried with a secret of its own, and what lets it through is named', async () => {
  expect((await check(GOOD)).of('redaction')).toMatchObject([{ verdict: 'pass' }]);
  const leaky = [
    { name: 'a good way', show: () => '[redacted]' },
    { name: 'a leaky way', show: (canary: string) => `url=https://x.test/?token=${canary}` },
  ];
  expect(redactionFinding(leaky)).toMatchObject({
    verdict: 'fail',
    says: expect.stringMatching(/through a leaky way\./),
  });
});
