/** Addresses and rules as text, the `ip` scheme, and who stands behind a proxy. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalAddress, isLoopback, matches, readRule } from '../../src/base/address.ts';
import { resolveClient } from '../../src/verify/client-address.ts';
import { ipAllowlist } from '../../src/verify/ip-allowlist.ts';
import { shippo } from '../../src/verify/presets/shippo/preset.ts';
import { verdict } from './verdict.ts';

describe('an address', () => {
  test.each([
    ['52.4.41.98', '52.4.41.98'],
    ['::ffff:52.4.41.98', '52.4.41.98'],
    ['::FFFF:3404:2962', '52.4.41.98'],
    ['0:0:0:0:0:ffff:52.4.41.98', '52.4.41.98'],
    ['2001:DB8:0:0::0001', '2001:db8::1'],
    ['::1', '::1'],
  ])('has one canonical form: %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  test.each([
    ['nothing', ''],
    ['octal', '064.4.41.98'],
    ['a leading zero', '52.04.41.98'],
    ['hexadecimal', '0x34.4.41.98'],
    ['a short form', '52.4.10594'],
    ['one number', '872687970'],
    ['the deprecated IPv4-compatible form', '::52.4.41.98'],
    ['the same without dots', '::3404:2962'],
    ['a zone', 'fe80::1%eth0'],
    ['brackets', '[::1]'],
    ['a port', '52.4.41.98:443'],
    ['a space before', ' 52.4.41.98'],
    ['a line break behind', '52.4.41.98\n'],
    ['a zero byte behind', '52.4.41.98\0'],
    ['full-width digits', '５２.4.41.98'],
    ['a fifth part', '52.4.41.98.1'],
    ['a part over 255', '52.4.41.256'],
    ['a dot at the end', '52.4.41.98.'],
    ['two gaps', '2001::db8::1'],
    ['a host name', 'hooks.example'],
    ['two addresses', '52.4.41.98, 52.4.41.98'],
    ['a range', '52.4.41.98/32'],
  ])('is refused in any other form: %s', (_title, text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  test('is loopback in all its forms and no other', () => {
    const all = ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', 'localhost'];
    const none = ['0.0.0.0', '::', '128.0.0.1', '10.0.0.1', '127.1', 'example', ''];
    expect([...all, ...none].filter(isLoopback)).toEqual(all);
  });

  test('reads any text without throwing, and its own answer as itself', () => {
    const text = fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6(), fc.string());
    const property = fc.property(text, (given) => {
      const canonical = canonicalAddress(given);
      if (canonical !== undefined) expect(canonicalAddress(canonical)).toBe(canonical);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('a rule', () => {
  test.each([
    ['52.4.41.98', '52.4.41.98'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['2001:DB8::/32', '2001:db8::/32'],
  ])('is read into one form: %s', (text, rule) => {
    expect(readRule(text)).toEqual({ rule });
  });

  test.each([
    ...['', 'hooks.example', '064.4.41.98', '0x34.4.41.98', '52.4.10594', '10.0.1/8', '52.4.41.*'],
    ...['52.4.41.0-52.4.41.9', '52.4.41.98/33', '52.4.41.98/032', '52.4.41.98/', '52.4.41.98/8/8'],
    ...['52.4.41.98/-1', '52.4.41.98/1e1', '52.4.41.98/ 8', '52.4.41.98/255.255.255.0', '2001:db8::/129'],
    ...[
      'fe80::%eth0/10',
      '::52.4.41.98',
      '::ffff:0:0/95',
      '0.0.0.0/0',
      '52.4.41.98/0',
      '::/0',
      '::ffff:0:0/96',
    ],
    ...['any', '*', 'all', 'localhost'],
  ])('is refused if it would match everything, nothing, or something else than it says: “%s”', (text) => {
    expect(readRule(text)).toEqual({ wrong: expect.any(String) });
  });

  test('takes in exactly the addresses whose first bits are its own', () => {
    const number = fc.integer({ min: 0, max: 0xffff_ffff });
    const near = fc.tuple(number, fc.integer({ min: 0, max: 31 }), fc.integer({ min: 1, max: 32 }));
    const property = fc.property(near, ([base, flipped, bits]) => {
      const read = readRule(`${dotted(base)}/${bits}`);
      const other = dotted((base ^ (1 << flipped)) >>> 0);
      const rules = 'rule' in read ? [read.rule] : [];
      expect(matches(dotted(base), rules)).toBe(true);
      expect(matches(other, rules)).toBe(flipped < 32 - bits);
    });
    fc.assert(property, { numRuns: 300 });
  });

  function dotted(number: number): string {
    return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
  }
});

describe('the ip scheme', () => {
  const verify = ipAllowlist(['52.4.41.98', '203.0.113.0/24', '2001:db8::/32']);

  test.each([
    ['an address on the list', '52.4.41.98', 'passes'],
    ['the first of a range', '203.0.113.0', 'passes'],
    ['the last of a range', '203.0.113.255', 'passes'],
    ['one beyond it', '203.0.114.0', 'ip_not_allowed'],
    ['an IPv6 address in a range', '2001:db8:ffff::1', 'passes'],
    ['an IPv6 address beyond it', '2001:db9::1', 'ip_not_allowed'],
    ['an address whose text begins alike', '52.4.41.9', 'ip_not_allowed'],
    ['no address at all', undefined, 'ip_unreadable'],
  ] as const)('answers for %s', async (_title, address, expected) => {
    expect(await verdict(verify, { address })).toBe(expected);
  });

  test('knows Shippo’s nine published addresses and not their neighbours', async () => {
    const { addresses } = shippo.addressLists.shippo;
    const rules = addresses.map((address) => (readRule(address) as { rule: string }).rule);
    const verifyShippo = ipAllowlist(rules);
    expect(rules).toHaveLength(9);
    for (const address of rules) {
      expect(await verdict(verifyShippo, { address })).toBe('passes');
      const neighbour = address.replace(/\d+$/, (last) => String(Number(last) + 1));
      expect(await verdict(verifyShippo, { address: neighbour })).toBe('ip_not_allowed');
    }
  });

  test('cannot be made of an empty list', () => {
    expect(() => ipAllowlist([])).toThrow(TypeError);
  });
});

describe('the client', () => {
  const PROXY = '10.0.0.5';
  const clientOf = resolveClient(['10.0.0.0/8', '2001:db8:1::/48']);

  test.each([
    ['a direct peer', '52.4.41.98', undefined, '52.4.41.98'],
    ['a direct peer on a dual stack', '::ffff:52.4.41.98', undefined, '52.4.41.98'],
    ['a direct peer that writes the header itself', '192.0.2.7', '52.4.41.98', '192.0.2.7'],
    ['one behind a proxy', PROXY, '52.4.41.98', '52.4.41.98'],
    ['one behind a mapped proxy', '::ffff:10.0.0.5', '52.4.41.98', '52.4.41.98'],
    ['one behind an IPv6 proxy', '2001:db8:1::9', '52.4.41.98', '52.4.41.98'],
    ['one behind two proxies', PROXY, '52.4.41.98, 10.1.1.1', '52.4.41.98'],
    ['one that prepends an address', PROXY, '52.4.41.98, 192.0.2.7', '192.0.2.7'],
    ['one that prepends a proxy', PROXY, '52.4.41.98, 10.9.9.9, 192.0.2.7', '192.0.2.7'],
    ['one that prepends junk', PROXY, 'junk, 192.0.2.7', '192.0.2.7'],
    ['one with its port', PROXY, '52.4.41.98:51008', '52.4.41.98'],
    ['an IPv6 one with its port', PROXY, '[2001:DB8::9]:51008', '2001:db8::9'],
    ['an IPv6 one in brackets', PROXY, '[2001:db8::9]', '2001:db8::9'],
    ['a mapped one', PROXY, '::ffff:52.4.41.98', '52.4.41.98'],
    ['one with spaces around', PROXY, '  52.4.41.98  ', '52.4.41.98'],
    ['a proxy that sends for itself', PROXY, undefined, PROXY],
    ['a chain of proxies alone', PROXY, '10.2.2.2, 10.1.1.1', '10.2.2.2'],
    ['an unreadable entry', PROXY, 'unknown', undefined],
    ['an obfuscated entry', PROXY, '_hidden', undefined],
    ['an empty entry at the end', PROXY, '52.4.41.98,', undefined],
    ['an entry in octal', PROXY, '064.4.41.98', undefined],
    ['an entry with a zone', PROXY, 'fe80::1%eth0', undefined],
    ['an entry with a port too long', PROXY, '52.4.41.98:510080', undefined],
    ['an entry that is a range', PROXY, '52.4.41.98/32', undefined],
    ['a peer that is gone', '', '52.4.41.98', undefined],
  ])('is %s', (_title, peer, forwarded, address) => {
    expect(clientOf(peer, forwarded).address).toBe(address);
  });

  test('comes through a proxy only if the peer itself is trusted', () => {
    expect(clientOf(PROXY, '52.4.41.98').viaProxy).toBe(true);
    expect(clientOf('192.0.2.7', '10.0.0.5').viaProxy).toBe(false);
    expect(resolveClient([])('10.0.0.5', '52.4.41.98')).toEqual({
      address: '10.0.0.5',
      viaProxy: false,
      hops: 0,
      isProxy: false,
    });
  });

  test('is the right-most address that is no proxy’s, whatever a sender puts before it', () => {
    const invented = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), { maxLength: 5 });
    const property = fc.property(invented, (entries) => {
      const forwarded = [...entries, '192.0.2.7', '10.1.1.1'].join(', ');
      expect(clientOf(PROXY, forwarded).address).toBe('192.0.2.7');
    });
    fc.assert(property);
  });
});
