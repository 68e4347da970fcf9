/** TLS and the client's address, as told by the socket and by proxies, trusted ones and others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders } from '../../harness/signing.ts';
import {
  type Answer,
  ask,
  bodyOf,
  expectRefusal,
  FLEXPORT,
  type Headers,
  signed,
} from '../../harness/wire.ts';

const ENV = {
  FLEXPORT_WEBHOOK_SECRET: SECRET,
  FLEXPORT_ALLOW_FROM: '203.0.113.0/24,2001:db8:1::/48',
  REQUIRE_HTTPS: 'true',
};
const HTTPS = { 'X-Forwarded-Proto': 'https' };
const FROM_SENDER = { 'X-Forwarded-For': '203.0.113.7' };

let behindProxy: RunningService;
let alone: RunningService;
beforeAll(async () => {
  [behindProxy, alone] = await Promise.all([
    openService({ env: { ...ENV, TRUST_PROXY: 'loopback,10.0.0.0/8' } }),
    openService({ env: ENV }),
  ]);
});
afterAll(() => Promise.all([behindProxy.stop(), alone.stop()]));

let sent = 0;
function deliver(service: RunningService, headers: Headers): Promise<Answer> {
  return ask(service.port, signed(SECRET, bodyOf(`proxied-${sent++}`), headers));
}

describe('behind a trusted proxy', () => {
  test.each<[string, Headers]>([
    ['https', { 'X-Forwarded-Proto': 'https' }],
    ['HTTPS', { 'X-Forwarded-Proto': 'HTTPS' }],
    ['https on every hop', { 'X-Forwarded-Proto': 'https, https' }],
  ])('%s is taken for TLS', async (_name, headers) => {
    const before = behindProxy.events().length;
    expect((await deliver(behindProxy, { ...FROM_SENDER, ...headers })).status).toBe(200);
    expect(behindProxy.events()).toHaveLength(before + 1);
  });

  test.each<[string, Headers]>([
    ['nothing', {}],
    ['http', { 'X-Forwarded-Proto': 'http' }],
    ['an empty word', { 'X-Forwarded-Proto': '' }],
    ['https that was http before', { 'X-Forwarded-Proto': 'http, https' }],
    ['https that went on over http', { 'X-Forwarded-Proto': 'https,http' }],
    ['httpsx', { 'X-Forwarded-Proto': 'httpsx' }],
    ['another header', { 'X-Forwarded-Ssl': 'on', 'Front-End-Https': 'on', Forwarded: 'proto=https' }],
  ])('%s is not taken for TLS', async (_name, headers) => {
    const before = behindProxy.events().length;
    const answer = await deliver(behindProxy, { ...FROM_SENDER, ...headers });
    await expectRefusal(behindProxy, answer, [403, 'https_required'], before);
  });

  test('TLS is judged by the outermost trusted hop, like the address', async () => {
    const before = behindProxy.events().length;
    const through = (proto: string, forwarded: string) =>
      deliver(behindProxy, { 'X-Forwarded-Proto': proto, 'X-Forwarded-For': forwarded });
    for (const [proto, forwarded] of [
      ['https,http', '203.0.113.7, 10.1.2.3'],
      ['https', '203.0.113.7, 10.1.2.3'],
      ['https,http,http', '203.0.113.7, 10.1.2.3, 10.1.2.4'],
    ] as const) {
      expect((await through(proto, forwarded)).status, proto).toBe(200);
    }
    for (const [proto, forwarded] of [
      ['http,https', '203.0.113.7, 10.1.2.3'],
      ['https,http,https', '203.0.113.7, 10.1.2.3'],
      ['https,http', '203.0.113.7'],
    ] as const) {
      await expectRefusal(behindProxy, await through(proto, forwarded), [403, 'https_required'], before + 3);
    }
  });

  test.each<[string, string, string]>([
    ['the address on the right', '203.0.113.7', '203.0.113.7'],
    ['what a stranger wrote to its left is ignored', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['trusted proxies on its right are skipped', '203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['a port', '203.0.113.7:51008', '203.0.113.7'],
    ['an IPv4 address in IPv6 form', '::ffff:203.0.113.7', '203.0.113.7'],
    ['IPv6 in brackets with a port', '[2001:DB8:1:0::9]:443', '2001:db8:1::9'],
  ])('the client is told by X-Forwarded-For: %s', async (_name, forwarded, address) => {
    const before = behindProxy.events().length;
    const answer = await deliver(behindProxy, { ...HTTPS, 'X-Forwarded-For': forwarded });
    expect(answer.status).toBe(200);
    expect(behindProxy.events()).toHaveLength(before + 1);
    const { id } = JSON.parse(answer.body);
    expect((await behindProxy.line((line) => line.eventId === id && line.status === 200)).ip).toBe(address);
  });

  test.each<[string, string, string]>([
    ['an allowed address that a stranger put in front', '203.0.113.7, 198.51.100.1', 'ip_not_allowed'],
    ['no address but trusted ones', '10.1.2.3', 'ip_not_allowed'],
    ['something that is no address', '203.0.113.7, unknown', 'ip_unreadable'],
    ['an octal spelling', '0313.0.113.7', 'ip_unreadable'],
    ['a zone', '2001:db8:1::9%eth0', 'ip_unreadable'],
    ['an empty entry on the right', '203.0.113.7,', 'ip_unreadable'],
  ])('%s is refused', async (_name, forwarded, code) => {
    const before = behindProxy.events().length;
    const answer = await deliver(behindProxy, { ...HTTPS, 'X-Forwarded-For': forwarded });
    await expectRefusal(behindProxy, answer, [403, code], before);
  });

  test('two X-Forwarded-For lines are one list, in their order', async () => {
    const before = behindProxy.events().length;
    const body = bodyOf('two-lines');
    const [signature] = Object.entries(flexportHeaders(SECRET, body)).map((pair) => pair.join(': '));
    const post = (first: string, second: string) =>
      ask(
        behindProxy.port,
        `POST ${FLEXPORT} HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: ${first}\r\n` +
          `X-Forwarded-For: ${second}\r\n${signature}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    const spoofed = await post('203.0.113.7', '198.51.100.1');
    await expectRefusal(behindProxy, spoofed, [403, 'ip_not_allowed'], before);
    expect((await post('198.51.100.1', '203.0.113.7')).status).toBe(200);
    expect(behindProxy.events()).toHaveLength(before + 1);
  });

  test('no other header can name the client', async () => {
    const before = behindProxy.events().length;
    const address = '203.0.113.7';
    const others = { 'X-Real-IP': address, 'True-Client-IP': address, Forwarded: `for=${address}` };
    const answer = await deliver(behindProxy, { ...HTTPS, ...others, 'CF-Connecting-IP': address });
    await expectRefusal(behindProxy, answer, [403, 'ip_not_allowed'], before);
  });
});

test('without a trusted proxy nobody can claim TLS', async () => {
  const answer = await deliver(alone, { ...HTTPS, ...FROM_SENDER });
  await expectRefusal(alone, answer, [403, 'https_required'], 0);
});

test('without a trusted proxy nobody can claim an address', async () => {
  const plain = await openService({ env: { ...ENV, REQUIRE_HTTPS: 'false' } });
  try {
    const line = await expectRefusal(plain, await deliver(plain, FROM_SENDER), [403, 'ip_not_allowed'], 0);
    expect(line.ip).toBe('127.0.0.1');
  } finally {
    await plain.stop();
  }
});

test('health is open to everybody, whatever the settings', async () => {
  for (const service of [behindProxy, alone]) {
    for (const path of ['/healthz', '/readyz']) {
      expect((await fetch(`${service.url}${path}`)).status).toBe(200);
    }
  }
});
