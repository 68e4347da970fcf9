/** Where a forward may connect to: addresses, names that move, and the way there. */
import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limitReach, type ResolveName } from '../../../src/base/reach.ts';
import { type ForwardOptions, forward, forwardBy } from '../../../src/deliver/handlers/forward.ts';
import { sampleEvent, tryHandler } from '../../../src/deliver/testing.ts';
import { shippo } from '../../../src/verify/presets/shippo/preset.ts';
import { startTarget, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.down());

/** Resolves every name to these, one list after the other; the last one stays. */
function resolving(...answers: readonly (readonly string[])[]): ResolveName {
  let asked = 0;
  return (_hostname, _options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    const found = addresses.map(
      (address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }),
    );
    setImmediate(() => callback(null, found));
  };
}

const unsigned = (options: Partial<ForwardOptions>) => ({
  url: undefined,
  unsigned: true as const,
  ...options,
});
const wrongIn = (options: Partial<ForwardOptions>) => {
  return (forward(unsigned(options)).problems ?? []).map(({ wrong }) => wrong);
};

/** What node:net would connect to. */
function reached(url: string, allow: readonly string[], addresses: readonly string[]): Promise<unknown> {
  const { lookup } = limitReach(new URL(url), allow, resolving(addresses));
  return new Promise((resolve, reject) => {
    lookup('orders.example', { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

describe('over TLS', () => {
  test.each([
    ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1'],
    ...[
      '127.9.9.9',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.0.0.1',
      '192.0.2.1',
      '192.88.99.1',
    ],
    ...[
      '192.168.0.1',
      '198.18.0.1',
      '198.19.255.255',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '239.1.1.1',
    ],
    ...['240.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '::127.0.0.1'],
    ...[
      '64:ff9b::a00:1',
      '64:ff9b:1::1',
      '100::1',
      '2001::1',
      '2001:0:4136:e378::1',
      '2001:2::1',
      '2001:20::1',
    ],
    ...[
      '2001:db8::1',
      '2002:7f00:1::',
      '3fff::1',
      '5f00::1',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'fe80::1%eth0',
    ],
    ...['fec0::1', 'ff02::1'],
  ])('%s is not public', async (address) => {
    await expect(reached('https://orders.example', [], [address])).rejects.toThrow(
      `orders.example is at ${address}, which is not a public address`,
    );
  });

  test.each([
    ...[
      '1.1.1.1',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
      '128.0.0.1',
    ],
    ...['169.253.0.1', '172.15.0.1', '172.32.0.0', '192.0.1.1', '192.167.0.1', '198.17.0.1', '198.20.0.0'],
    ...[
      '223.255.255.255',
      '::ffff:8.8.8.8',
      '2000::1',
      '2001:200::1',
      '2001:db9::1',
      '2003::1',
      '2606:4700::1111',
    ],
    ...['2a00:1450::1', '3ffe::1'],
  ])('%s is public', async (address) => {
    expect(await reached('https://orders.example', [], [address])).toMatchObject([{ address }]);
  });

  test('of several addresses those that are not public are dropped', async () => {
    const found = await reached(
      'https://orders.example',
      [],
      ['10.0.0.1', '1.1.1.1', '::1', '2606:4700::1111'],
    );
    expect(found).toEqual([
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
  });

  test('what is listed is reached, and nothing beside it', async () => {
    const allow = ['10.1.0.0/16', 'fd00::1', '127.0.0.1'];
    for (const address of ['10.1.2.3', 'fd00::1', '::ffff:127.0.0.1', '1.1.1.1'])
      expect(await reached('https://orders.example', allow, [address])).toMatchObject([{ address }]);
    for (const address of ['10.2.0.1', 'fd00::2', '127.0.0.2', '169.254.169.254'])
      await expect(reached('https://orders.example', allow, [address])).rejects.toThrow(
        'not a public address',
      );
  });

  test('a name without an address is refused', async () => {
    await expect(reached('https://orders.example', [], [])).rejects.toThrow('orders.example');
  });

  test('node:net may ask for one address instead of all', async () => {
    const { lookup } = limitReach(new URL('https://orders.example'), [], resolving(['10.0.0.1', '1.1.1.1']));
    const one = await new Promise((resolve) => {
      lookup('orders.example', {}, (...answer) => resolve(answer));
    });
    expect(one).toEqual([null, '1.1.1.1', 4]);
  });
});

describe('over plain http', () => {
  test.each(['1.1.1.1', '2606:4700::1111'])('the public %s is refused unless listed', async (address) => {
    await expect(reached('http://orders.example', ['10.1.2.3'], [address])).rejects.toThrow(
      `orders.example is at ${address}, and plain http would carry events there in the clear`,
    );
    expect(await reached('http://orders.example', [address], [address])).toMatchObject([{ address }]);
  });

  test('nothing goes to a name without any list', () => {
    expect(wrongIn({ url: 'http://orders.example/' })).toEqual([
      'url of forward to orders.example is plain http, though no address is listed in allow',
    ]);
    expect(wrongIn({ url: 'http://orders.example/', allow: ['10.1.2.3'] })).toEqual([]);
  });
});

describe('an address in the url is judged at boot:', () => {
  test.each([
    ['http://127.0.0.1/', '127.0.0.1'],
    ['https://127.0.0.1/', '127.0.0.1'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://0177.0.0.1/', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://127.1/', '127.0.0.1'],
    ['http://127.0.0.1./', '127.0.0.1'],
    ['http://１２７.0.0.1/', '127.0.0.1'],
    ['http://[::ffff:127.0.0.1]/', '::ffff:7f00:1'],
    ['http://[::127.0.0.1]/', '::7f00:1'],
    ['http://[::1]/', '::1'],
    ['https://localhost/', '127.0.0.1'],
    ['https://LOCALHOST:8443/', '127.0.0.1'],
    ['http://169.254.169.254/latest/meta-data/', '169.254.169.254'],
    ['https://[fd00:ec2::254]/', 'fd00:ec2::254'],
    ['https://0/', '0.0.0.0'],
  ])('%s', (url, address) => {
    expect(wrongIn({ url })).toEqual([
      expect.stringMatching(`^url of forward to .* is at ${address}, which is not a public address$`),
    ]);
  });

  test('http://1.1.1.1/ is not private, but in the clear', () => {
    expect(wrongIn({ url: 'http://1.1.1.1/' })).toEqual([expect.stringMatching(/in the clear$/)]);
    expect(wrongIn({ url: 'https://1.1.1.1/' })).toEqual([]);
  });

  test.each([
    ['http://2130706433/', 'loopback'],
    ['http://[::ffff:127.0.0.1]/', '127.0.0.1'],
    ['http://localhost:4000/', 'loopback'],
    ['http://localhost:4000/', '::1'],
    ['http://169.254.1.1/', 'linklocal'],
    ['http://10.1.2.3/', 'uniquelocal'],
    ['https://10.1.2.3/', '10.0.0.0/8'],
  ])('%s is fine if %s is listed', (url, listed) => {
    expect(wrongIn({ url, allow: [listed] })).toEqual([]);
  });
});

describe('a name that moves', () => {
  const event = () => sampleEvent(shippo);

  test('is judged at each new connection, and the private address never sees one', async () => {
    let visits = 0;
    const inside: Server = createServer((socket) => {
      visits++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => inside.listen(target.port, '127.0.0.2', resolve));
    const handler = forwardBy(
      resolving(['127.0.0.1'], ['127.0.0.2']),
      unsigned({ url: `http://orders.example:${target.port}/`, allow: ['127.0.0.1'] }),
    );
    expect(await tryHandler(handler, event())).toMatchObject({ outcome: 'done' });
    // The next one needs a connection of its own: the kept one is closed.
    await target.down();
    await target.up();
    expect(await tryHandler(handler, event())).toMatchObject({
      outcome: 'retry',
      error:
        `Unavailable: orders.example:${target.port} is at 127.0.0.2, which is not a public address. ` +
        "If it is meant to go there, list it: allow: ['127.0.0.2'].",
    });
    expect(visits).toBe(0);
    await new Promise((resolve) => inside.close(resolve));
  });

  test('is public at first and private then', async () => {
    const { lookup } = limitReach(
      new URL('https://orders.example'),
      [],
      resolving(['1.1.1.1'], ['169.254.169.254']),
    );
    const ask = () =>
      new Promise((resolve) => lookup('orders.example', { all: true }, (...answer) => resolve(answer)));
    expect(await ask()).toEqual([null, [{ address: '1.1.1.1', family: 4 }]]);
    expect(await ask()).toEqual([expect.objectContaining({ name: 'OutOfReach' }), []]);
  });

  test('what DNS says of a failure is told', async () => {
    const failing: ResolveName = (_hostname, _options, callback) => {
      const error = Object.assign(new Error('getaddrinfo ENOTFOUND orders.example'), { code: 'ENOTFOUND' });
      setImmediate(() => callback(error, []));
    };
    const handler = forwardBy(failing, unsigned({ url: 'https://orders.example/?token=canary' }));
    expect(await tryHandler(handler, event())).toMatchObject({
      outcome: 'retry',
      error: 'Unavailable: no answer from orders.example: getaddrinfo ENOTFOUND orders.example',
    });
  });
});
