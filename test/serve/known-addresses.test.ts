/** Who has proved itself before, and is not a stranger. */
import { expect, test } from 'vitest';
import { networkOf } from '../../src/base/address.ts';
import { KnownAddresses } from '../../src/serve/known-addresses.ts';

const DAY_MS = 86_400_000;

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:0:0:ffff::', '2001:db8:0:0::/64'],
  ['2001:db8:0:1::', '2001:db8:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1::', '1:0:0:0::/64'],
])('what one sender has of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('an address is known once an event of the same source came from there, IPv6 with its /64', () => {
  const known = new KnownAddresses();
  known.learn('flexport', '203.0.113.7', 1);
  known.learn('flexport', '2001:db8:1:2::1', 1);
  known.learn('flexport', '', 1);
  expect(known.knows('flexport', '203.0.113.7')).toBe(true);
  expect(known.knows('flexport', '2001:db8:1:2:ffff::9')).toBe(true);
  expect(known.knows('flexport', '203.0.113.8')).toBe(false);
  expect(known.knows('flexport', '2001:db8:1:3::1')).toBe(false);
  expect(known.knows('flexport', '')).toBe(false);
  expect(known.knows('shippo', '203.0.113.7')).toBe(false);
});

test('each network is told when it is new, and once a day as long as it sends', () => {
  const told: object[] = [];
  const known = new KnownAddresses((network) => told.push(network));
  for (let at = 0; at < 2 * DAY_MS; at += DAY_MS / 4) known.learn('shippo', '2001:db8::1', at);
  expect(told).toEqual([
    { source: 'shippo', network: '2001:db8:0:0::/64', at: 0 },
    { source: 'shippo', network: '2001:db8:0:0::/64', at: DAY_MS },
  ]);
});

test('of very many networks the ones that were learned last are known, and another source loses none', () => {
  const known = new KnownAddresses();
  const addressOf = (number: number) => `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
  known.learn('other', '203.0.113.7', 0);
  for (let number = 0; number < 5_000; number++) known.learn('flexport', addressOf(number), number);
  expect(known.knows('flexport', addressOf(4_999))).toBe(true);
  expect(known.knows('flexport', addressOf(904))).toBe(true);
  expect(known.knows('flexport', addressOf(903))).toBe(false);
  expect(known.knows('other', '203.0.113.7')).toBe(true);
});
