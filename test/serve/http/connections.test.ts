/** Connections at their limits: who is closed, who is left alone, and what is told. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Connections } from '../../../src/serve/http/connections.ts';
import { SECRET } from '../../harness/project.ts';
import { startService } from '../../harness/service.ts';
import { ask, bodyOf, bytesOf, FLEXPORT, metric, openWire, signed } from '../../harness/wire.ts';

const PROXY = '10.0.0.1';
const KNOWN = '192.0.2.1';

class FakeSocket extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function limited(max: number) {
  const lines: string[] = [];
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (_fields: object, said = '') => void lines.push(said),
  };
  const isKnown = (address: string) => address === KNOWN;
  const connections = new Connections({ max, trusted: ['10.0.0.0/8'], isKnown, log });
  const open = (address: string): FakeSocket => {
    const socket = new FakeSocket(address);
    connections.admit(socket as unknown as Socket);
    return socket;
  };
  const use = (socket: FakeSocket, closed: boolean) =>
    connections.noteUse(socket as unknown as Socket, { closed } as ServerResponse);
  return { connections, open, use, lines };
}

test('an address that has a quarter gets a new one for its oldest idle one', () => {
  const { connections, open, use, lines } = limited(8);
  const [first, second] = [open('203.0.113.1'), open('203.0.113.1')];
  use(first, true);
  const other = open('203.0.113.2');
  const third = open('203.0.113.1');
  expect([first, second, third, other].map(({ destroyed }) => destroyed)).toEqual([
    false,
    true,
    false,
    false,
  ]);
  expect(connections.counts()).toEqual({
    open: 3,
    limits: { all: 8, address: 2 },
    closed: { all: 0, address: 1 },
  });
  expect(lines).toEqual([expect.stringMatching(/^2 connections of one address is the limit/)]);
});

test('one on which something is answered stays, and then the new one closes', () => {
  const { open, use } = limited(8);
  const busy = [open('2001:db8::1'), open('2001:db8::2')];
  for (const socket of busy) use(socket, false);
  expect(open('2001:db8::3').destroyed).toBe(true);
  expect(open('2001:db8:0:1::3').destroyed).toBe(false);
  expect(busy.some(({ destroyed }) => destroyed)).toBe(false);
});

test('proxies, and addresses that have proved themselves, are bound by the limit of all only', () => {
  const { connections, open } = limited(8);
  const proxied = Array.from({ length: 4 }, () => open(PROXY));
  const known = Array.from({ length: 4 }, () => open(KNOWN));
  expect([...proxied, ...known].some(({ destroyed }) => destroyed)).toBe(false);
  const stranger = open('203.0.113.1');
  expect(stranger.destroyed).toBe(false);
  expect(known.map(({ destroyed }) => destroyed)).toEqual([true, false, false, false]);
  expect(proxied.some(({ destroyed }) => destroyed)).toBe(false);
  expect(connections.counts()).toMatchObject({ open: 8, closed: { all: 1, address: 0 } });
});

test('connections that close make room', () => {
  const { connections, open } = limited(4);
  for (let nth = 0; nth < 20; nth++) open('203.0.113.1').destroy();
  expect(connections.counts()).toMatchObject({ open: 0, closed: { all: 0, address: 0 } });
});

test('idle connections never take the descriptors that files and threads need', async () => {
  const under = ['bash', '-c', 'ulimit -n 160; exec "$@"', 'bash'];
  const service = await startService({ under, env: { FLEXPORT_WEBHOOK_SECRET: SECRET } });
  const idle = await Promise.all(Array.from({ length: 200 }, () => openWire(service.port)));
  try {
    expect(await metric(service, 'consignee_connections_max{limit="all"}')).toBe(80);
    expect(await metric(service, 'consignee_connections_max{limit="address"}')).toBe(20);
    await expect.poll(() => metric(service, 'consignee_connections')).toBe(20);
    await expect.poll(() => metric(service, 'consignee_connections_closed_total{limit="address"}')).toBe(180);
    await service.line((line) => /20 connections of one address is the limit/.test(String(line.msg)));
    expect((await ask(service.port, signed(SECRET, bodyOf('beside-the-idle')))).status).toBe(200);
    expect((await ask(service.port, bytesOf('GET', FLEXPORT))).status).toBe(405);
    expect(service.events().map((event) => event.external_id)).toEqual(['beside-the-idle']);
    expect(service.lines().find(({ msg }) => msg === 'ready')).toMatchObject({
      connections: 80,
      connectionsPerAddress: 20,
    });
  } finally {
    for (const wire of idle) wire.close();
    await service.stop();
  }
});
