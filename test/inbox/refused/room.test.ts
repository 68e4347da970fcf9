/** Whose refused requests go when there is not room for all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRefused } from '../../../src/inbox/refused/file.ts';
import { judgeInTurn } from '../../../src/inbox/refused/judging.ts';
import { RefusedStore } from '../../../src/inbox/refused/store.ts';
import { TokenBuckets } from '../../../src/inbox/refused/token-bucket.ts';
import type { SignatureForm } from '../../../src/verify/form/vocabulary.ts';
import { hmac, signHmac } from '../../../src/verify/hmac.ts';
import { flintn } from '../../../src/verify/presets.ts';
import { headerOf } from '../../harness/signing.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const MIB = 1_048_576;
const BEGIN = Date.UTC(2026, 7, 1);
const PROVIDER = '192.0.2.7';
let count = 0;

const JSON_BODY = Buffer.from('{"id":1}'.padEnd(10_000));

function refused(
  source: string,
  address: string,
  more: { code?: string; body?: Buffer; credentials?: string } = {},
) {
  return {
    id: `ref_${++count}`,
    source,
    receivedAt: BEGIN,
    code: 'hmac_mismatch',
    reason: 'the signature does not match any live secret',
    address,
    headers: '{"content-type":"application/json","user-agent":"a provider of webhooks"}',
    credentials: '[]',
    enforced: 'hmac',
    body: JSON_BODY,
    ...more,
  };
}

function opened(bytesMax: number, bytesMaxOfAll = 1_024 * MIB) {
  const { database } = openRefused(join(folder, `room-${++count}.db`));
  const store = new RefusedStore(database, { bytesMax, bytesMaxOfAll, days: 7 });
  const held = (source: string) => {
    const rows = database
      .prepare('SELECT address, count(*) AS count FROM refused WHERE source = ? GROUP BY address')
      .all(source);
    return Object.fromEntries(rows.map((row) => [row.address, row.count]));
  };
  const losses = () => database.prepare('SELECT source, why, count FROM losses ORDER BY source').all();
  return { store, held, losses };
}

/** As many networks as are asked for, in one IPv6 /48. */
const strangerAt = (number: number) => `2001:db8:0:${number.toString(16)}::1`;

test('strangers push out strangers, and nobody who has proved himself', () => {
  const { store, held, losses } = opened(MIB);
  store.prove({ source: 'one', network: PROVIDER, at: BEGIN });
  for (let at = 0; at < 60; at++) store.keep([refused('one', PROVIDER)], BEGIN);
  for (let at = 0; at < 1_000; at++) store.keep([refused('one', strangerAt(at))], BEGIN);
  expect(held('one')[PROVIDER]).toBe(60);
  const lost = Number(losses()[0]?.count);
  expect(losses()).toEqual([{ source: 'one', why: 'pushed_out', count: expect.any(Number) }]);
  expect(lost + Object.values(held('one')).reduce((sum: number, one) => sum + Number(one), 0)).toBe(1_060);
});

test('what had come before the address proved itself is safe from then on', () => {
  const { store, held } = opened(MIB);
  for (let at = 0; at < 60; at++) store.keep([refused('one', PROVIDER)], BEGIN);
  store.prove({ source: 'one', network: PROVIDER, at: BEGIN });
  for (let at = 0; at < 200; at++) store.keep([refused('one', strangerAt(at))], BEGIN);
  expect(held('one')[PROVIDER]).toBe(60);
});

test('a /64 is one stranger, however many addresses it has', () => {
  const { store, held } = opened(MIB);
  for (let at = 0; at < 10; at++) store.keep([refused('one', '203.0.113.1')], BEGIN);
  for (let at = 0; at < 1_100; at++) store.keep([refused('one', `2001:db8::${at.toString(16)}`)], BEGIN);
  expect(held('one')['203.0.113.1']).toBe(10);
});

test('of strangers who has most bytes goes first, not who sends most', () => {
  const { store, held } = opened(MIB);
  const small = { body: Buffer.from('{"id":1}') };
  for (let at = 0; at < 500; at++) store.keep([refused('one', '203.0.113.1', small)], BEGIN);
  const large = { body: Buffer.from('{}'.padEnd(300_000)) };
  for (let at = 0; at < 20; at++) store.keep([refused('one', '198.51.100.66', large)], BEGIN);
  expect(held('one')['203.0.113.1']).toBe(500);
});

test('what does not look like the provider’s goes before what does', () => {
  const { store, held } = opened(MIB);
  for (let at = 0; at < 60; at++) store.keep([refused('one', '203.0.113.1')], BEGIN);
  for (let at = 0; at < 150; at++) {
    const more = at % 2 === 0 ? { code: 'hmac_missing' } : { body: Buffer.from('<html>'.padEnd(10_000)) };
    store.keep([refused('one', strangerAt(at), more)], BEGIN);
  }
  expect(held('one')['203.0.113.1']).toBe(60);
});

test('all sources together have a bound too, and strangers of the fullest one make room', () => {
  const { store, held, losses } = opened(MIB, 2 * MIB);
  store.prove({ source: 'one', network: PROVIDER, at: BEGIN });
  for (let at = 0; at < 90; at++) store.keep([refused('one', PROVIDER)], BEGIN);
  for (let at = 0; at < 80; at++) store.keep([refused('two', strangerAt(at))], BEGIN);
  for (let at = 0; at < 60; at++) store.keep([refused('three', strangerAt(at))], BEGIN);
  const sum = (source: string) =>
    Object.values(held(source)).reduce((all: number, one) => all + Number(one), 0);
  expect(held('one')).toEqual({ [PROVIDER]: 90 });
  expect(sum('one') + sum('two') + sum('three')).toBeLessThan(210);
  expect(sum('three')).toBeGreaterThan(45);
  expect(losses().map(({ source }) => source)).toContain('two');
});

test('nothing goes before the bound is reached, whoever sends it', () => {
  const { store, held, losses } = opened(64 * MIB);
  for (let at = 0; at < 5_000; at += 100) {
    const batch = Array.from({ length: 100 }, (_, more) => refused('one', strangerAt(at + more)));
    expect(store.keep(batch, BEGIN)).toEqual(new Map());
  }
  expect(Object.keys(held('one'))).toHaveLength(5_000);
  expect(losses()).toEqual([]);
});

/**
 * Half an hour of a provider at 5 a second whose secret here is wrong, beside 1,200 forging addresses at 40 a second, all to a
 * twentieth, of the time and of the room. Then silence, and the right secret.
 */
test('beside a flood of forgeries every genuine request is taken in once the secret is right', async () => {
  const SECONDS = 90;
  const secret = 'the-secret-that-the-provider-has-0123456789';
  const { store, losses } = opened(3.2 * MIB);
  const buckets = new TokenBuckets();
  store.prove({ source: 'flintn', network: PROVIDER, at: BEGIN });
  const [form] = flintn.forms as [SignatureForm];
  const bodyOf = (id: string, bytes: number) =>
    Buffer.from(JSON.stringify({ event_type: 'TRANSACTION_SETTLED', event_id: id, data: 'x'.repeat(bytes) }));
  const genuine: string[] = [];
  let forged = 0;
  const requestFrom = (address: string, id: string, key: string, bytes: number) => {
    const body = bodyOf(id, bytes);
    const credentials = JSON.stringify([headerOf(form), signHmac(form, key, body, BEGIN)]);
    return refused('flintn', address, { body, credentials });
  };
  for (let second = 0; second < SECONDS; second++) {
    const now = BEGIN + second * 1_000;
    const batch = [];
    for (let at = 0; at < 40; at++) {
      const address = `10.66.${forged % 12}.${Math.floor(forged / 12) % 100}`;
      batch.push(
        requestFrom(address, `forged-${forged++}`, 'a-secret-of-somebody-else-0123456789abcdef', 2_000),
      );
    }
    for (let at = 0; at < 5; at++) {
      genuine.push(`genuine-${second}-${at}`);
      batch.push(requestFrom(PROVIDER, genuine.at(-1) as string, secret, 400));
    }
    const admitted = batch.filter(({ source, address, body }) => {
      const sender = { source, network: address, isProven: address === PROVIDER };
      return buckets.admit(sender, body.length, second * 1_000);
    });
    store.keep(admitted, now);
  }
  expect(Number(losses()[0]?.count)).toBeGreaterThan(100);
  const taken: string[] = [];
  const judge = judgeInTurn(['flintn'], {
    refused: {
      next: async (source, after, most) => store.next(source, after, most),
      newest: async (source) => store.newest(source),
      remove: async (number) => store.remove(number),
    },
    verifiersOf: () => [hmac(flintn.forms, { secrets: [secret], allowSha1: false, toleranceSeconds: 300 })],
    async keep({ body }) {
      taken.push(JSON.parse(body.toString()).event_id);
      return { outcome: 'accepted', id: 'evt_1' };
    },
    note() {},
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const [result] = await judge();
  expect(taken).toEqual(genuine);
  expect(result).toMatchObject({ accepted: SECONDS * 5, passNowOnly: 0 });
});
