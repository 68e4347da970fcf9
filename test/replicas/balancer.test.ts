/** What a balancer says by itself, when no replica is there: a 503 that tells the sender when to come back, as ours do. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { findProgram, type Kind, startBalancer } from '../harness/balancer.ts';

const KINDS: readonly Kind[] = ['haproxy', 'nginx'];

for (const kind of KINDS) {
  test.skipIf(!findProgram(kind))(`${kind} without a replica`, async () => {
    const replica = createServer((_request, response) => response.end());
    replica.listen(0, '127.0.0.1');
    await once(replica, 'listening');
    const balancer = await startBalancer(kind, [(replica.address() as AddressInfo).port]);
    onTestFinished(balancer.stop);
    replica.close();
    replica.closeAllConnections();
    const send = () =>
      fetch(`http://127.0.0.1:${balancer.port}/webhooks/jobs`, { method: 'POST', body: '{}' });
    await expect.poll(async () => (await send()).status).toBe(503);
    const answer = await send();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  });
}
