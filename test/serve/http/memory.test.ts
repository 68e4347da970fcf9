/** Who may hold how much of the memory for bodies, and that what is held is counted and not what was sent. */
import { PassThrough } from 'node:stream';
import type { Request } from 'express';
import { expect, test } from 'vitest';
import { readBody } from '../../../src/serve/http/body.ts';
import { BodyMemory } from '../../../src/serve/http/memory.ts';

const SOURCES = 4;
const memory = (sources = SOURCES) => new BodyMemory({ maxBytes: 1_000, bodyBytesMax: 100, sources });
const stranger = (network: string, source = 'flexport') => ({ source, network, isKnown: false });
const known = (network: string, source = 'flexport') => ({ source, network, isKnown: true });

test('one stranger holds an eighth at the most, and all of them together half', () => {
  const all = memory();
  const first = all.shareOf(stranger('203.0.113.1'));
  expect(first.take(125)).toBeUndefined();
  expect(first.full()).toMatch(/of one address/);
  expect(all.shareOf(stranger('203.0.113.1')).take(1)).toMatch(/of one address/);
  expect(all.shareOf(stranger('203.0.113.2')).take(124)).toBeUndefined();
  expect(all.shareOf(stranger('203.0.113.3')).take(1)).toMatch(/of senders .* to one source/);
  expect(all.shareOf(stranger('203.0.113.4', 'shippo')).take(124)).toBeUndefined();
  expect(all.shareOf(stranger('203.0.113.5', 'shippo')).take(124)).toBeUndefined();
  expect(all.shareOf(stranger('203.0.113.6', 'flintn')).take(3)).toMatch(/of senders/);
});

test('strangers of a source leave half of its share to those who are known there', () => {
  const all = memory();
  for (let host = 1; host <= 3; host++) all.shareOf(stranger(`198.51.100.${host}`)).take(100);
  expect(all.shareOf(stranger('198.51.100.4')).full()).toMatch(/to one source/);
  expect(all.shareOf(known('203.0.113.1')).take(200)).toBeUndefined();
});

test('whoever is known has half at least, whatever strangers hold', () => {
  const all = memory();
  for (let host = 1; host <= 5; host++)
    all.shareOf(stranger(`198.51.100.${host}`, `source-${host}`)).take(100);
  expect(all.shareOf(stranger('198.51.100.6')).full()).toMatch(/of senders/);
  expect(all.shareOf(known('203.0.113.1', 'shippo')).take(500)).toBeUndefined();
  expect(all.bytes).toBe(1_000);
  expect(all.shareOf(known('203.0.113.1', 'flintn')).full()).toBe('too many bytes are in flight');
});

test('one source holds half at the most, unless it is the only one', () => {
  const all = memory();
  expect(all.shareOf(known('203.0.113.1')).take(500)).toBeUndefined();
  expect(all.shareOf(known('203.0.113.2')).full()).toMatch(/of one source/);
  expect(all.shareOf(known('203.0.113.2', 'shippo')).take(400)).toBeUndefined();
  expect(memory(1).shareOf(known('203.0.113.1')).take(1_000)).toBeUndefined();
});

test('a proxy that does not say for whom it sends is no stranger', () => {
  const all = memory(1);
  expect(all.shareOf({ source: 'flexport', network: undefined, isKnown: false }).take(1_000)).toBeUndefined();
});

test('every share has room for the largest body', () => {
  const all = new BodyMemory({ maxBytes: 1_000, bodyBytesMax: 900, sources: SOURCES });
  expect(all.shareOf(stranger('203.0.113.1')).take(900)).toBeUndefined();
});

test('what is released can be taken again, and releasing twice gives nothing more', () => {
  const all = memory();
  const share = all.shareOf(stranger('203.0.113.1'));
  share.take(125);
  share.release();
  share.release();
  expect(all.bytes).toBe(0);
  expect(all.shareOf(stranger('203.0.113.1')).take(125)).toBeUndefined();
});

test.each([
  ['one byte each', [1]],
  ['small and large ones by turns', [3, 5_000, 1, 4_096, 4_095]],
  ['one that fills a block and more', [4_000, 200, 4_000]],
])(
  'a body in chunks of %s arrives as it was, and takes little more than its length',
  async (_title, sizes) => {
    const all = new BodyMemory({ maxBytes: 100_000_000, bodyBytesMax: 1, sources: 1 });
    const request = new PassThrough();
    const sent: Buffer[] = [];
    const reading = readBody(request as unknown as Request, 1_000_000, all.shareOf(known('203.0.113.1')));
    for (let nth = 0; nth < 9_000; nth++) {
      const chunk = Buffer.alloc(sizes[nth % sizes.length] as number, nth);
      sent.push(chunk);
      request.write(chunk);
      if (Buffer.concat(sent).length > 50_000) break;
    }
    request.end();
    const body = await reading;
    expect(body.equals(Buffer.concat(sent))).toBe(true);
    expect(all.bytes).toBeGreaterThanOrEqual(body.length);
    expect(all.bytes).toBeLessThan(2 * body.length + 8_192);
  },
);
