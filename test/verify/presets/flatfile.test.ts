import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliverWith, kept } from '../../harness/deliver-with.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { opensslMac, token } from '../../harness/signing.ts';

const VECTOR_SECRET = 'flatfile-test-secret';
const VECTOR = '{"src":{"id":"us_evt_1","topic":"records:updated"},"topic":"records:updated"}';
const VECTOR_HEADER = 'sha256=7f7baf804a704880a58beb80c21b8f47fe6684ea6d58e38f6c6cb4a449d7571a';
/** Stands for the API token that the forwarder puts in every body. */
const CANARY = 'sk_live_canary_0123456789';

function signed(body: Buffer | string): Record<string, string> {
  return { 'X-Hub-Signature': `sha256=${opensslMac(SECRET, body).toString('hex')}` };
}

describe('Flatfile with HMAC', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await openService({
      env: { FLATFILE_WEBHOOK_SECRET: SECRET, FLATFILE_WEBHOOK_SECRET_PREVIOUS: VECTOR_SECRET },
    });
  });
  afterAll(() => service.stop());

  test('the literal vector is accepted and stored with the id and topic of its source', async () => {
    const headers = { 'X-Hub-Signature': VECTOR_HEADER };
    const { status, said, stored } = await deliverWith(service, 'flatfile', headers, VECTOR);
    expect([status, said]).toEqual([200, 'accepted']);
    expect(stored).toMatchObject([{ external_id: 'us_evt_1', type: 'records:updated', held: null }]);
    expect(stored).toMatchObject(kept(VECTOR));
  });

  test.each([
    ['id and topic', '{"id":"i1","topic":"t","src":{"id":"s","topic":"u"}}', 'i1', 't'],
    ['src alone', '{"src":{"topic":"u","id":"s2"}}', 's2', 'u'],
    ['an empty id', '{"id":"","src":{"id":"s3"}}', 's3', null],
    ['an id that is null', '{"id":null,"topic":null,"src":{"id":"s4","topic":"u"}}', 's4', 'u'],
    ['a src that is a text', '{"src":"id","n":5}', null, null],
    ['neither', '{"workbook":{"id":"us_wb_1"}}', null, null],
    ['an id named twice', '{"id":"a","id":"b"}', 'b', null],
  ])('the id is id, else src.id, else the digest; the type likewise: %s', async (_title, body, id, type) => {
    const first = await deliverWith(service, 'flatfile', signed(body), body);
    expect([first.status, first.said]).toEqual([200, 'accepted']);
    expect(first.stored).toMatchObject([{ external_id: id, type, held: null, body: Buffer.from(body) }]);
    const second = await deliverWith(service, 'flatfile', signed(body), body);
    expect(second).toEqual({ status: 200, said: 'duplicate', id: first.id, stored: [] });
  });

  test('a byte order mark before JSON is kept, and is no part of what the JSON says', async () => {
    const body = Buffer.from('\uFEFF{"topic":"records:updated","id":"us_evt_bom","payload":{}}\n');
    expect(body.subarray(0, 4)).toEqual(Buffer.from([0xef, 0xbb, 0xbf, 0x7b]));
    const { status, said, stored, id } = await deliverWith(service, 'flatfile', signed(body), body);
    expect([status, said]).toEqual([200, 'accepted']);
    expect(stored).toMatchObject([{ external_id: 'us_evt_bom', type: 'records:updated', held: null, body }]);
    await service.line((line) => line.handler === 'flatfile/log' && line.eventId === id);
  });

  const T = `"_accessToken":"${CANARY}"`;

  test.each([
    ['first', `{${T},"id":"c1", "n":1.0}`, '{"id":"c1", "n":1.0}'],
    ['in the middle', `{ "id":"c2" , ${T} , "n" : 1e2 }`, '{ "id":"c2" , "n" : 1e2 }'],
    ['last', `{"id":"c3",\n  "é":"\\u00e9",\n  ${T}\n}`, '{"id":"c3",\n  "é":"\\u00e9"\n}'],
    ['alone', `{ ${T} }`, '{  }'],
    ['twice', `{${T},"id":"c4",${T}}`, '{"id":"c4"}'],
    ['twice in a row', `{"id":"c5",${T},${T},"n":1}`, '{"id":"c5","n":1}'],
    ['under an escaped name', `{"id":"c6","_access\\u0054oken":"${CANARY}"}`, '{"id":"c6"}'],
    ['with quotes and braces in it', `{"_accessToken":"${CANARY}\\"},{\\\\","id":"c7"}`, '{"id":"c7"}'],
    ['as an object', `{"_accessToken":{"t":["${CANARY}"]},"id":"c8"}`, '{"id":"c8"}'],
    ['as a number', '{"id":"c9","_accessToken":123456789}', '{"id":"c9"}'],
    [
      'beside a name that begins alike',
      `{"id":"c10","_accessTokens":1,${T}}`,
      '{"id":"c10","_accessTokens":1}',
    ],
    ['in the body of a sender that broke its JSON', `{${T},"id":"c11",}`, '{"id":"c11",}'],
    ['cut off in its middle', `{"id":"c12",${T.slice(0, -1)}`, '{"id":"c12",'],
  ])('the access token is cut out and nothing else is touched: %s', async (_title, body, stored) => {
    const delivered = await deliverWith(service, 'flatfile', signed(body), body);
    expect([delivered.status, delivered.said]).toEqual([200, 'accepted']);
    expect(delivered.stored.map((event) => event.body.toString())).toEqual([stored]);
  });

  test('a nested member of that name is the customer’s own and stays', async () => {
    const body = '{"id":"nested","payload":{"_accessToken":"theirs"}}';
    const { status, stored } = await deliverWith(service, 'flatfile', signed(body), body);
    expect(status).toBe(200);
    expect(stored).toMatchObject(kept(body));
  });

  test('the signature is over the bytes as they came: a body without its access token is refused', async () => {
    const { status, said, stored } = await deliverWith(
      service,
      'flatfile',
      signed(`{"id":"c13",${T}}`),
      '{"id":"c13"}',
    );
    expect([status, said, stored]).toEqual([401, 'hmac_mismatch', []]);
  });

  test('the same event under another access token is a duplicate, since nothing that is kept differs', async () => {
    const [one, two] = [`{"id":"c14",${T}}`, '{"id":"c14","_accessToken":"rotated"}'];
    const first = await deliverWith(service, 'flatfile', signed(one), one);
    const second = await deliverWith(service, 'flatfile', signed(two), two);
    expect(second).toEqual({ status: 200, said: 'duplicate', id: first.id, stored: [] });
  });

  test('an access token of ten megabytes in a body that is not JSON is cut as well', async () => {
    const body = `{"id":"c15","_accessToken":"${'x'.repeat(10 * 1_048_576)}",}`;
    const { status, stored } = await deliverWith(service, 'flatfile', signed(body), body);
    expect(status).toBe(200);
    expect(stored.map((event) => event.body.toString())).toEqual(['{"id":"c15",}']);
  });

  test('no access token and no secret is in the log or in any file of the inbox, and no signature in the log', async () => {
    await service.line((line) => line.handler === 'flatfile/log' && line.externalId === 'c10');
    const files = ['', '-wal'].map((suffix) => `${service.inboxPath}${suffix}`).filter(existsSync);
    const written = [service.output(), ...files.map((file) => readFileSync(file, 'latin1'))];
    for (const text of [CANARY, SECRET, VECTOR_SECRET]) {
      expect(written.some((content) => content.includes(text))).toBe(false);
    }
    // The signature is evidence: in the inbox, and nowhere else.
    expect(service.output()).not.toContain(VECTOR_HEADER.slice(7));
  });

  const body = '{"id":"never stored"}';
  const good = signed(body)['X-Hub-Signature'] as string;
  const bad = `sha256=${'0'.repeat(64)}`;

  test.each([
    ['none, as the stock plugins send', {}, 'hmac_missing'],
    ['a JWT alone', { Authorization: `Bearer ${token(SECRET, body)}` }, 'hmac_missing'],
    ['256 bad, the other good', { 'X-Hub-Signature-256': bad, 'X-Hub-Signature': good }, 'hmac_mismatch'],
    ['SHA-1, which Flatfile never had', { 'X-Hub-Signature': 'sha1=abcd' }, 'hmac_malformed'],
    ['two lines', { 'X-Hub-Signature': [good, bad] }, 'hmac_repeated'],
  ])(
    'anything less than a signature is answered with 401 and not stored: %s',
    async (_title, headers, code) => {
      const { status, said, stored } = await deliverWith(service, 'flatfile', headers, body);
      expect([status, said, stored]).toEqual([401, code, []]);
    },
  );
});

describe('Flatfile with a JWT, its secrets in a file', () => {
  const RETIRED = 'the-one-being-retired-and-still-good';
  const folder = mkdtempSync(join(tmpdir(), 'consignee-secrets-'));
  let service: RunningService;
  beforeAll(async () => {
    const file = join(folder, 'jwt');
    writeFileSync(file, `${SECRET}\n${RETIRED}\n`);
    service = await openService({ env: { FLATFILE_JWT_SECRET_FILE: file, FLATFILE_VERIFY: 'jwt' } });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  function bearer(claims: string, secret = SECRET): Record<string, string> {
    return { Authorization: `Bearer ${token(secret, claims)}` };
  }

  function now(): number {
    return Math.floor(Date.now() / 1000);
  }

  test.each([
    ['the current secret', SECRET],
    ['the retired one', RETIRED],
  ])('a body that is its own claims is accepted under %s', async (title, secret) => {
    const body = `{ "id":"${title}", "topic":"t", ${`"_accessToken":"${CANARY}"`} }`;
    const headers = bearer(`${body.slice(0, -1)}, "iat":${now()}}`, secret);
    const { status, said, stored } = await deliverWith(service, 'flatfile', headers, body);
    expect([status, said]).toEqual([200, 'accepted']);
    expect(stored).toMatchObject([
      { external_id: title, body: Buffer.from(`{ "id":"${title}", "topic":"t" }`) },
    ]);
  });

  test('the same token again is a duplicate, and the token is not stored with the event', async () => {
    const body = '{"id":"again"}';
    const headers = bearer(`{"id":"again","iat":${now()}}`);
    const first = await deliverWith(service, 'flatfile', headers, body);
    expect(first.stored.map((event) => event.headers)).toEqual([expect.not.stringContaining('Bearer')]);
    const second = await deliverWith(service, 'flatfile', headers, body);
    expect(second).toEqual({ status: 200, said: 'duplicate', id: first.id, stored: [] });
  });

  test('whoever has caught a token can bring its event in once, in whatever words', async () => {
    const content = '"workbookId":"us_wb_caught","rows":[1,{"é":true}]';
    const headers = bearer(`{${content},"iat":${now()}}`);
    const first = await deliverWith(service, 'flatfile', headers, `{${content}}`);
    expect([first.said, first.stored.length]).toEqual(['accepted', 1]);
    const words = [
      `{ ${content} }`,
      '{"rows":[1,{"é":true}],"workbookId":"us_wb_caught"}',
      '{"workbookId":"us_wb\\u005fcaught","rows":[1,{"\\u00e9":true}]}',
      `\uFEFF{${content}}`,
      `{${content}}${' '.repeat(4_000)}`,
    ];
    const again = { status: 200, said: 'duplicate', id: first.id, stored: [] };
    for (const word of words) expect(await deliverWith(service, 'flatfile', headers, word)).toEqual(again);
    const resigned = bearer(`{${content},"iat":${now() + 1},"jti":"another"}`);
    expect(await deliverWith(service, 'flatfile', resigned, `{${content}}`)).toEqual(again);
    const long = await deliverWith(service, 'flatfile', headers, `{${content}}${' '.repeat(8_000)}`);
    expect([long.status, long.said, long.stored]).toEqual([401, 'jwt_body', []]);
  });

  const body = '{"workbookId":"us_wb_1"}';
  const claims = (iat: number) => `{"workbookId":"us_wb_1","iat":${iat}}`;
  const SAMPLE =
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ3b3JrYm9va0lkIjoidXNfd2JfMSIsImlhdCI6MTcwMDAwMDAwMH0._B9ssPqHUElc8PouiAJ-znAE-XyU7Z87FCKszgbmPZw';

  test.each([
    [
      'the literal vector, whose secret is everybody’s',
      () => ({ Authorization: `Bearer ${SAMPLE}` }),
      'jwt_mismatch',
    ],
    ['the vector’s claims under our secret, years too old', () => bearer(claims(1_700_000_000)), 'jwt_time'],
    ['a token an hour ahead', () => bearer(claims(now() + 3600)), 'jwt_time'],
    ['a token without a time', () => bearer(body), 'jwt_time'],
    ['claims of another body', () => bearer(`{"workbookId":"us_wb_2","iat":${now()}}`), 'jwt_body'],
    ['a claim more', () => bearer(`{"workbookId":"us_wb_1","n":1,"iat":${now()}}`), 'jwt_body'],
    ['another algorithm', () => ({ Authorization: `Bearer ${none()}` }), 'jwt_algorithm'],
    ['no signature', () => ({ Authorization: `Bearer ${none().replace(/[^.]+$/, '')}` }), 'jwt_malformed'],
    [
      'two lines',
      () => ({ Authorization: [bearer(claims(now())).Authorization as string, 'Bearer x'] }),
      'jwt_repeated',
    ],
    ['no token', () => ({}), 'jwt_missing'],
    ['an HMAC instead', () => signed(body), 'jwt_missing'],
  ])('anything less is answered with 401 and not stored: %s', async (_title, headers, code) => {
    const { status, said, stored } = await deliverWith(service, 'flatfile', headers(), body);
    expect([status, said, stored]).toEqual([401, code, []]);
  });

  function none(): string {
    return token(SECRET, claims(now()), '{"alg":"none"}');
  }

  test('no token is ever written to the log', () => {
    expect(service.output()).not.toMatch(/eyJ|Bearer/);
    expect(service.output()).not.toContain(CANARY);
  });
});
