/** Bodies that are still to come when their request is refused: they are kept like any other, and nobody holds all places. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { LateReads } from '../../../src/serve/http/late-reads.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import { flexportHeaders } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';
import { bytesOf, chunk, openWire } from '../../harness/wire.ts';

const MIB = 1_048_576;
const stranger = (network: string) => ({ source: 'one', network, isProven: false });
const known = { source: 'one', network: '192.0.2.7', isProven: true };

function takeAll(reads: LateReads, networks: number, count: number, bytes = 1_000) {
  return Array.from({ length: count }, (_, at) => {
    const giveUp = vi.fn();
    const leave = reads.take({ sender: stranger(`203.0.113.${at % networks}`), bytes, giveUp });
    return { giveUp, leave };
  });
}

test('who sends slowly on purpose gives up for whoever comes, one of many for another, the oldest first', () => {
  const reads = new LateReads();
  const slow = takeAll(reads, 200, 256);
  const giveUp = vi.fn();
  for (let at = 0; at < 3; at++)
    expect(reads.take({ sender: stranger('198.51.100.1'), bytes: 500, giveUp })).toBeDefined();
  expect(slow.map((one) => one.giveUp.mock.calls.length).slice(0, 5)).toEqual([1, 1, 1, 0, 0]);
  expect(giveUp).not.toHaveBeenCalled();
});

test('one network that has more than half of the places makes room by itself', () => {
  const reads = new LateReads();
  const first = vi.fn();
  reads.take({ sender: stranger('198.51.100.1'), bytes: 500, giveUp: first });
  const slow = takeAll(reads, 1, 255);
  reads.take({ sender: stranger('198.51.100.2'), bytes: 500, giveUp: vi.fn() });
  expect(first).not.toHaveBeenCalled();
  expect(slow[0]?.giveUp).toHaveBeenCalledOnce();
});

test('bytes are bounded like places, what leaves gives both back, and what needs more than there is gets none', () => {
  const reads = new LateReads();
  const large = takeAll(reads, 200, 2, 32 * MIB);
  large[0]?.leave?.();
  const giveUp = vi.fn();
  reads.take({ sender: stranger('198.51.100.1'), bytes: 32 * MIB, giveUp });
  expect(large.map((one) => one.giveUp.mock.calls.length)).toEqual([0, 0]);
  reads.take({ sender: stranger('198.51.100.2'), bytes: 1, giveUp: vi.fn() });
  expect(large.map((one) => one.giveUp.mock.calls.length)).toEqual([0, 1]);
  expect(reads.take({ sender: stranger('198.51.100.3'), bytes: 65 * MIB, giveUp: vi.fn() })).toBeUndefined();
  expect(giveUp).not.toHaveBeenCalled();
});

test('strangers take no place of those who have proved themselves', () => {
  const reads = new LateReads();
  const giveUp = vi.fn();
  for (let at = 0; at < 256; at++) reads.take({ sender: known, bytes: 1_000, giveUp });
  takeAll(reads, 200, 1_000);
  expect(giveUp).not.toHaveBeenCalled();
});

test('a chunked one, one over a mebibyte and one that is both are kept, and taken in once the token is right', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const file = join(folder, 'token');
  const [old, changed] = ['the-old-token-of-the-tests-0123456789', 'the-new-token-of-the-tests-0123456789'];
  writeFileSync(file, old);
  const service = await openService({
    folder,
    env: { FLATFILE_WEBHOOK_TOKEN_FILE: file, FLATFILE_WEBHOOK_SECRET: SECRET },
  });
  try {
    const bodies = [100, 3 * MIB, 3 * MIB].map((bytes, at) =>
      JSON.stringify({ id: `us_evt_${at}`, topic: 'x', data: 'y'.repeat(bytes) }),
    ) as [string, string, string];
    const chunks = (body: string) => `${chunk(body.slice(0, 50))}${chunk(body.slice(50))}0\r\n\r\n`;
    const chunked = { 'Transfer-Encoding': 'chunked' };
    const path = `/webhooks/flatfile?token=${changed}`;
    const requests = bodies.map((body, at) => {
      const headers = { ...flexportHeaders(SECRET, body), ...(at !== 1 && chunked) };
      return bytesOf('POST', path, headers, at === 1 ? body : chunks(body));
    });
    // One connection: each lives on when its body has come.
    const wire = await openWire(service.port);
    for (const [at, bytes] of requests.entries()) {
      wire.write(bytes);
      expect((await wire.answer(at + 1)).status).toBe(401);
    }
    const last = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: flexportHeaders(SECRET, '{}'),
      body: '{}',
    });
    expect(last.status).toBe(401);
    // As nginx asks upstreams: the connection ends with the answer, but the body is still on its way.
    const closing = JSON.stringify({ id: 'us_evt_closing', topic: 'x', data: 'y'.repeat(200_000) });
    const headers = { ...flexportHeaders(SECRET, closing), Connection: 'close' };
    const all = bytesOf('POST', path, headers, closing);
    const other = await openWire(service.port);
    other.write(all.slice(0, -100_000));
    expect((await other.answer()).status).toBe(401);
    other.write(all.slice(-100_000));
    await other.closed();
    expect(service.events()).toEqual([]);
    writeFileSync(file, `${changed}\n`);
    await waitFor(() => service.events().length === 5, 30_000, service.output);
    expect(service.events().map(({ body }) => body.toString())).toEqual([...bodies, '{}', closing]);
    wire.close();
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true });
  }
});
