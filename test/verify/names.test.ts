/** Host names on allowlists: whose addresses count and for how long, what is asked of DNS, and what is told. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { scopeOf } from '../../src/base/address.ts';
import type { Log } from '../../src/base/log/log.ts';
import { resolveClient } from '../../src/verify/client-address.ts';
import { FollowedNames } from '../../src/verify/followed-names.ts';
import { type LookUp, lookUpInDns } from '../../src/verify/host-names.ts';
import { allowedBy, examineAllowlist, ipAllowlist } from '../../src/verify/ip-allowlist.ts';
import { type DnsServer, type Records, startDnsServer } from '../harness/dns-server.ts';
import { askOnly } from '../harness/local-dns.ts';
import { verdict } from './verdict.ts';

const NAME = 'hooks.example.com';
const OLD = '203.0.113.7';
const NEW = '198.51.100.8';
const SIX = '2001:db8::7';
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 1_440 * MINUTE;

/** What DNS says at present. An Error: nobody can say. A promise: it takes its time. */
type Said = Records | Error | Promise<Records>;

let zone: Map<string, Said | { readonly 4: Said; readonly 6: Said }>;
let asked: string[];
let lines: { readonly level: string; readonly host: string; readonly message: string }[];
let names: FollowedNames;

const lookUp: LookUp = async (name, family) => {
  asked.push(`${name} ${family}`);
  const known = zone.get(name) ?? {};
  const said = await (4 in known ? known[family] : known);
  if (said instanceof Error) throw said;
  const ttlSeconds = said.ttlSeconds ?? 60;
  return ((family === 4 ? said.a : said.aaaa) ?? []).map((address) => ({ address, ttlSeconds }));
};
const noting = (level: string) => (fields: object, message?: string) =>
  lines.push({ ...(fields as { host: string }), level, message: message ?? '' });
const log: Log = {
  debug: noting('debug'),
  info: noting('info'),
  warn: noting('warn'),
  error: noting('error'),
};
const levels = () => lines.map(({ level }) => level);
const refused = Object.assign(new Error('queryA ESERVFAIL hooks.example.com'), { code: 'ESERVFAIL' });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  zone = new Map<string, Said>([[NAME, { a: [OLD] }]]);
  asked = [];
  lines = [];
  names = new FollowedNames(log, lookUp);
});
afterEach(() => {
  names.stop();
  vi.useRealTimers();
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('the addresses of a name', () => {
  test('are allowed in both families, and no others', async () => {
    zone.set(NAME, { a: [OLD, '203.0.113.9'], aaaa: ['2001:DB8:0::7'] });
    const isNamed = names.follow([NAME]);
    expect(isNamed(OLD)).toBe(false);
    await names.settled();
    expect([OLD, '203.0.113.9', SIX].map(isNamed)).toEqual([true, true, true]);
    expect(['203.0.113.8', '2001:db8::8', '', NAME].map(isNamed)).toEqual([false, false, false, false]);
    expect(lines).toEqual([]);
  });

  test('are the same for an IPv4 client in IPv6 form, and for an answer in that form', async () => {
    zone.set(NAME, { a: [OLD], aaaa: [`::ffff:${NEW}`] });
    const verify = ipAllowlist([], names.follow([NAME]));
    await names.settled();
    const clientOf = resolveClient(['10.0.0.0/8']);
    for (const address of [OLD, NEW]) {
      const { address: direct } = clientOf(`::ffff:${address}`, undefined);
      const { address: proxied } = clientOf('::ffff:10.0.0.5', `::FFFF:${address}`);
      expect(await verdict(verify, { address: direct })).toBe('passes');
      expect(await verdict(verify, { address: proxied })).toBe('passes');
    }
    expect(await verdict(verify, { address: undefined })).toBe('ip_unreadable');
  });

  test('change when the TTL is over: the old one is refused, though it passed a moment ago', async () => {
    const verify = ipAllowlist(['192.0.2.0/24'], names.follow([NAME]));
    await names.settled();
    const verdicts = () =>
      Promise.all([OLD, NEW, '192.0.2.1'].map((address) => verdict(verify, { address })));
    expect(await verdicts()).toEqual(['passes', 'ip_not_allowed', 'passes']);
    zone.set(NAME, { a: [NEW] });
    await pass(59 * SECOND);
    expect(await verdicts()).toEqual(['passes', 'ip_not_allowed', 'passes']);
    await pass(SECOND);
    expect(await verdicts()).toEqual(['ip_not_allowed', 'passes', 'passes']);
    expect(lines).toMatchObject([{ level: 'info', host: NAME, added: [NEW], removed: [OLD] }]);
  });

  test.each([
    ['0 s', 0, 30 * SECOND],
    ['29 s', 29, 30 * SECOND],
    ['45 s', 45, 45 * SECOND],
    ['1 h', 3_600, 60 * MINUTE],
    ['136 years', 4_294_967_295, 60 * MINUTE],
  ])('are looked up again by TTL, but neither at once nor never: %s', async (_title, ttlSeconds, afterMs) => {
    zone.set(NAME, { a: [OLD], aaaa: [SIX], ttlSeconds });
    names.follow([NAME]);
    await pass(afterMs - 1);
    expect(asked).toEqual([`${NAME} 4`, `${NAME} 6`]);
    await pass(1);
    expect(asked).toHaveLength(4);
  });

  test('are looked up again when the shorter TTL of the two families is over', async () => {
    zone.set(NAME, { 4: { a: [OLD], ttlSeconds: 900 }, 6: { aaaa: [SIX], ttlSeconds: 100 } });
    names.follow([NAME]);
    await pass(100 * SECOND);
    expect(asked).toHaveLength(4);
  });

  test('go with a family that has none any more, as long as the other has', async () => {
    zone.set(NAME, { a: [OLD], aaaa: [SIX] });
    const isNamed = names.follow([NAME]);
    await names.settled();
    zone.set(NAME, { aaaa: [SIX] });
    await pass(MINUTE);
    expect([OLD, SIX].map(isNamed)).toEqual([false, true]);
  });

  test('are at most 256 of a family, the same ones in whatever order they come', async () => {
    const all = Array.from({ length: 500 }, (_, at) => `198.51.${at >> 8}.${at & 255}`);
    zone.set(NAME, { a: all, aaaa: [SIX] });
    const isNamed = names.follow([NAME]);
    await names.settled();
    const first = all.filter(isNamed);
    expect(first).toHaveLength(256);
    expect(isNamed(SIX)).toBe(true);
    zone.set(NAME, { a: all.toReversed(), aaaa: [SIX] });
    await pass(MINUTE);
    expect(all.filter(isNamed)).toEqual(first);
    expect(lines).toMatchObject([{ level: 'warn', reason: 'it has 500 addresses, and 256 count' }]);
  });

  test('are those of each of many names, each looked up once for all lists', async () => {
    const many = Array.from({ length: 50 }, (_, at) => `h${at}.example.com`);
    for (const [at, name] of many.entries()) zone.set(name, { a: [`203.0.113.${at}`] });
    const isNamed = names.follow(many);
    const isAlsoNamed = names.follow(many.slice(0, 10));
    await names.settled();
    expect(asked).toHaveLength(100);
    expect(many.every((_, at) => isNamed(`203.0.113.${at}`))).toBe(true);
    expect([isNamed('203.0.113.50'), isAlsoNamed('203.0.113.9'), isAlsoNamed('203.0.113.10')]).toEqual([
      ...[false, true, false],
    ]);
  });
});

describe('a lookup that fails', () => {
  test.each<[string, Said]>([
    ['an error', refused],
    ['no address', {}],
    ['private addresses alone', { a: ['10.0.0.5'] }],
  ])(
    'leaves the last good answer in force for days, says so once, and its end too: %s',
    async (_title, said) => {
      const isNamed = names.follow([NAME]);
      await names.settled();
      zone.set(NAME, said);
      await pass(3 * DAY);
      expect(isNamed(OLD)).toBe(true);
      expect(lines).toMatchObject([
        { level: 'warn', host: NAME, message: expect.stringContaining('stay allowed') },
      ]);
      zone.set(NAME, { a: [NEW] });
      await pass(5 * MINUTE);
      expect([OLD, NEW].map(isNamed)).toEqual([false, true]);
      expect(levels()).toEqual(['warn', 'info', 'info']);
      zone.set(NAME, said);
      await pass(DAY);
      expect(levels()).toEqual(['warn', 'info', 'info', 'warn']);
    },
  );

  test('is repeated after 5 s, then ever later, up to 5 min, and after 5 s again once there was an answer', async () => {
    zone.set(NAME, refused);
    names.follow([NAME]);
    const waits: number[] = [];
    for (let before = asked.length, ms = 0; waits.length < 9; ms += SECOND) {
      await pass(SECOND);
      if (asked.length === before) continue;
      waits.push(ms / SECOND + 1 - waits.reduce((sum, wait) => sum + wait, 0));
      before = asked.length;
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
    zone.set(NAME, { a: [OLD] });
    await pass(5 * MINUTE);
    zone.set(NAME, refused);
    await pass(MINUTE);
    asked = [];
    await pass(15 * SECOND);
    expect(asked).toHaveLength(4);
  });

  test('in one family leaves that family as it was', async () => {
    zone.set(NAME, { a: [OLD], aaaa: [SIX] });
    const isNamed = names.follow([NAME]);
    await names.settled();
    zone.set(NAME, { 4: { a: [NEW] }, 6: refused });
    await pass(10 * MINUTE);
    expect([OLD, NEW, SIX].map(isNamed)).toEqual([false, true, true]);
    expect(lines).toMatchObject([
      { level: 'info' },
      { level: 'warn', reason: 'its IPv6 addresses cannot be looked up (ESERVFAIL)' },
    ]);
  });

  test('at first keeps nobody waiting longer than asked, and a late answer counts', async () => {
    let tell: (records: Records) => void = () => {};
    zone.set(
      NAME,
      new Promise<Records>((resolve) => {
        tell = resolve;
      }),
    );
    zone.set('other.example.com', { a: [NEW] });
    const isNamed = names.follow([NAME, 'other.example.com']);
    const settled = vi.fn();
    names.settled().then(settled);
    await pass(2_999);
    expect(settled).not.toHaveBeenCalled();
    await pass(1);
    expect(settled).toHaveBeenCalled();
    expect([isNamed(OLD), isNamed(NEW)]).toEqual([false, true]);
    expect(lines).toMatchObject([
      { level: 'warn', host: NAME, message: expect.stringContaining('nobody yet') },
    ]);
    tell({ a: [OLD] });
    await pass(0);
    expect(isNamed(OLD)).toBe(true);
    expect(levels()).toEqual(['warn', 'info']);
  });

  test('from the first moment is told once, and the first answer ends it', async () => {
    zone.set(NAME, refused);
    const isNamed = names.follow([NAME]);
    await names.settled();
    await pass(MINUTE);
    expect(levels()).toEqual(['warn']);
    zone.set(NAME, { a: [OLD] });
    await pass(5 * MINUTE);
    expect(isNamed(OLD)).toBe(true);
    expect(levels()).toEqual(['warn', 'info']);
  });
});

describe('addresses that no sender of that name has', () => {
  const PRIVATE = ['10.0.0.5', '172.16.0.5', '192.168.0.5', '100.64.0.5', 'fc00::5', 'fd00::5'];
  const NOBODYS = [
    '0.0.0.0',
    '0.1.2.3',
    '127.0.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
  ];
  const NOBODYS_6 = ['::', '::1', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1', '::7f00:1'];

  test('never count, whatever the name: loopback, link-local, unspecified, multicast', async () => {
    const given = { a: [...NOBODYS, OLD], aaaa: NOBODYS_6 };
    for (const name of [NAME, 'sender.internal']) zone.set(name, given);
    const isNamed = names.follow([NAME, 'sender.internal']);
    await names.settled();
    expect([...NOBODYS, ...NOBODYS_6].filter(isNamed)).toEqual([]);
    expect(isNamed(OLD)).toBe(true);
    expect(levels()).toEqual(['warn', 'warn']);
  });

  test.each([
    ['hooks.example.com', false],
    ['internal.example.com', false],
    ['myinternal.example', false],
    ['sender.internal', true],
    ['sender.default.svc.cluster.local', true],
    ['sender.home.arpa', true],
    ['home.arpa', false],
  ])('are the private ones, unless public DNS cannot answer for the name: %s %s', async (name, expected) => {
    zone.set(name, { a: PRIVATE.slice(0, 4), aaaa: PRIVATE.slice(4) });
    const isNamed = names.follow([name]);
    await names.settled();
    expect(PRIVATE.filter(isNamed)).toEqual(expected ? PRIVATE : []);
  });

  test('end where their ranges end', () => {
    const outside = [
      '1.0.0.0',
      '126.255.255.255',
      '128.0.0.0',
      '169.253.255.255',
      '223.255.255.255',
      '9.255.255.255',
    ];
    const more = [
      '11.0.0.0',
      '172.15.255.255',
      '172.32.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '::2',
      'fe00::1',
    ];
    expect([...outside, ...more].filter((address) => scopeOf(address) !== 'public')).toEqual([]);
  });
});

describe('a reload', () => {
  test('starts nothing over that stays, and stops what is gone', async () => {
    zone.set('gone.example.com', { a: [NEW] });
    const former = names.follow([NAME, 'gone.example.com']);
    await names.settled();
    zone.set(NAME, refused);
    asked = [];
    const present = names.follow([NAME]);
    expect(present(OLD)).toBe(true);
    await names.settled();
    names.keepOnly([NAME]);
    expect([present(OLD), present(NEW), former(NEW)]).toEqual([true, false, true]);
    expect(asked).toEqual([]);
    await pass(DAY);
    expect(new Set(asked)).toEqual(new Set([`${NAME} 4`, `${NAME} 6`]));
  });

  test('that drops a name does not hear its answer any more, and one that takes it up again asks anew', async () => {
    let tell: (records: Records) => void = () => {};
    const late = new Promise<Records>((resolve) => {
      tell = resolve;
    });
    zone.set(NAME, late);
    const dropped = names.follow([NAME]);
    names.keepOnly([]);
    zone.set(NAME, { a: [NEW] });
    const taken = names.follow([NAME]);
    await names.settled();
    tell({ a: [OLD] });
    await pass(0);
    expect([dropped(OLD), dropped(NEW), taken(OLD), taken(NEW)]).toEqual([false, false, false, true]);
    await pass(MINUTE);
    expect(asked).toHaveLength(6);
  });

  test('that stops everything leaves no timer', async () => {
    names.follow([NAME, 'missing.example.com']);
    await names.settled();
    expect(vi.getTimerCount()).toBe(2);
    names.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('an allowlist tells whom each entry lets in, and how old that is', async () => {
  zone.set('new.example.com', refused);
  const entries = [
    { entry: '192.0.2.0/24', rules: ['192.0.2.0/24'] },
    { entry: 'ours', rules: ['192.0.2.1'], published: { from: 'docs.example.com', asOf: '2026-11' } },
    { entry: `dns:${NAME}`, rules: [], name: NAME },
    { entry: 'dns:new.example.com', rules: [], name: 'new.example.com' },
  ];
  const expected = (ageMs: number) => [
    { entry: '192.0.2.0/24', addresses: ['192.0.2.0/24'] },
    { entry: 'ours', addresses: ['192.0.2.1'], published: { from: 'docs.example.com', asOf: '2026-11' } },
    { entry: `dns:${NAME}`, addresses: [OLD], lookup: { ageMs, trouble: undefined } },
    {
      entry: 'dns:new.example.com',
      addresses: [],
      lookup: { ageMs: undefined, trouble: 'its IPv4 addresses cannot be looked up (ESERVFAIL)' },
    },
  ];
  expect(await examineAllowlist(entries, lookUp)).toEqual(expected(0));
  names.follow([NAME, 'new.example.com']);
  await pass(30 * SECOND);
  expect(allowedBy(entries, names)).toEqual(expected(30 * SECOND));
});

describe('DNS itself', () => {
  let server: DnsServer;
  const { signal } = new AbortController();
  beforeAll(async () => {
    server = await startDnsServer();
    askOnly(server.port);
  });
  afterAll(() => server.close());
  beforeEach(() => {
    vi.useRealTimers();
  });

  test('gives the addresses of a family with their TTL', async () => {
    server.zone.set(NAME, { a: [OLD, NEW], aaaa: [SIX], ttlSeconds: 77 });
    expect(await lookUpInDns(NAME, 4, signal)).toEqual([
      { address: OLD, ttlSeconds: 77 },
      { address: NEW, ttlSeconds: 77 },
    ]);
    expect(await lookUpInDns(NAME, 6, signal)).toEqual([{ address: SIX, ttlSeconds: 77 }]);
  });

  test('may give 500 of them', async () => {
    const all = Array.from({ length: 500 }, (_, at) => `198.51.${at >> 8}.${at & 255}`);
    server.zone.set(NAME, { a: all, ttlSeconds: 77 });
    const found = await lookUpInDns(NAME, 4, signal);
    expect(new Set(found.map(({ address }) => address))).toEqual(new Set(all));
  });

  test('says that there are none, for a name without them and for one that does not exist', async () => {
    server.zone.set(NAME, { a: [OLD] });
    expect(await lookUpInDns(NAME, 6, signal)).toEqual([]);
    expect(await lookUpInDns('missing.example.com', 4, signal)).toEqual([]);
  });

  test('or cannot say: a server that fails, and one that is silent', async () => {
    server.zone.set(NAME, 'SERVFAIL');
    await expect(lookUpInDns(NAME, 4, signal)).rejects.toMatchObject({ code: 'ESERVFAIL' });
    server.zone.set(NAME, 'silence');
    await expect(lookUpInDns(NAME, 6, signal)).rejects.toMatchObject({ code: 'ETIMEOUT' });
  });

  test('is not waited for any more once nobody wants to know', async () => {
    server.zone.set(NAME, 'silence');
    const leaving = new AbortController();
    const lookup = lookUpInDns(NAME, 4, leaving.signal);
    leaving.abort();
    await expect(lookup).rejects.toMatchObject({ code: 'ECANCELLED' });
  });
});
