import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliverWith, kept } from '../../harness/deliver-with.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders, opensslMac, token } from '../../harness/signing.ts';

const RETIRED = 'flexport-test-secret';
const VECTOR =
  '{"_object":"/event","id":1831596,"version":2,"created_at":"2020-05-12T14:31:57.148Z","occurred_at":"2020-05-11T11:00:00.000Z","type":"/shipment_leg#arrived","data":{"_object":"/shipment_event_data","containers":[]}}';
const VECTOR_SHA256 = 'sha256=d553c11c29b279c9bf7b10c395c893e90d0790b7fce72a4eb776181e006c447e';
const VECTOR_SHA1 = 'sha1=00e2c487250cf075d94dfe6012b13740cf693505';
const BAD = `sha256=${'0'.repeat(64)}`;

function sha256(body: string): string {
  return `sha256=${opensslMac(SECRET, body).toString('hex')}`;
}

function sha1(body: string): string {
  return `sha1=${opensslMac(SECRET, body, 'sha1').toString('hex')}`;
}

describe('Flexport, SHA-256 only, with a secret being retired', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await openService({
      env: { FLEXPORT_WEBHOOK_SECRET: SECRET, FLEXPORT_WEBHOOK_SECRET_PREVIOUS: RETIRED },
    });
  });
  afterAll(() => service.stop());

  test('the literal vector, with both of its headers, is accepted and stored with its id and type', async () => {
    const headers = { 'X-Hub-Signature': VECTOR_SHA1, 'X-Hub-Signature-256': VECTOR_SHA256 };
    const { status, said, stored } = await deliverWith(service, 'flexport', headers, VECTOR);
    expect([status, said]).toEqual([200, 'accepted']);
    expect(stored).toMatchObject([
      { source: 'flexport', external_id: '1831596', type: '/shipment_leg#arrived', held: null },
    ]);
    expect(stored).toMatchObject(kept(VECTOR));
  });

  test('the same delivery again is a duplicate of the first and stored once', async () => {
    const body = '{"id":"again"}';
    const first = await deliverWith(service, 'flexport', flexportHeaders(SECRET, body), body);
    const second = await deliverWith(service, 'flexport', flexportHeaders(RETIRED, body), body);
    expect(second).toEqual({ status: 200, said: 'duplicate', id: first.id, stored: [] });
  });

  test.each([
    ['256 alone', (body: string) => ({ 'X-Hub-Signature-256': sha256(body) })],
    ['the other header alone', (body: string) => ({ 'X-Hub-Signature': sha256(body) })],
    ['any case of the name', (body: string) => ({ 'x-HUB-signature-256': sha256(body) })],
    [
      'capital digits',
      (body: string) => ({ 'X-Hub-Signature-256': `sha256=${sha256(body).slice(7).toUpperCase()}` }),
    ],
    [
      '256 good beside a bad one',
      (body: string) => ({ 'X-Hub-Signature-256': sha256(body), 'X-Hub-Signature': BAD }),
    ],
    ['the secret being retired', (body: string) => flexportHeaders(RETIRED, body)],
  ])('a good signature is accepted: %s', async (title, headers) => {
    const body = `{ "id": "${title}" }`;
    const { status, said, stored } = await deliverWith(service, 'flexport', headers(body), body);
    expect([status, said]).toEqual([200, 'accepted']);
    expect(stored).toMatchObject(kept(body));
  });

  const body = '{"id":"never stored"}';

  test.each([
    ['no signature', {}, 'hmac_missing'],
    ['a signature in the query', {}, 'hmac_missing', `?X-Hub-Signature-256=${sha256(body)}`],
    ['an underscore for the hyphen', { X_Hub_Signature_256: sha256(body) }, 'hmac_missing'],
    [
      '256 bad, SHA-256 good in the other',
      { 'X-Hub-Signature-256': BAD, 'X-Hub-Signature': sha256(body) },
      'hmac_mismatch',
    ],
    [
      '256 bad, SHA-1 good in the other',
      { 'X-Hub-Signature-256': BAD, 'X-Hub-Signature': sha1(body) },
      'hmac_mismatch',
    ],
    [
      '256 empty, the other good',
      { 'X-Hub-Signature-256': '', 'X-Hub-Signature': sha256(body) },
      'hmac_malformed',
    ],
    ['two lines, good and bad', { 'X-Hub-Signature-256': [sha256(body), BAD] }, 'hmac_repeated'],
    ['two lines, both good', { 'X-Hub-Signature-256': [sha256(body), sha256(body)] }, 'hmac_repeated'],
    ['SHA-1 alone, not allowed', { 'X-Hub-Signature': sha1(body) }, 'hmac_sha1'],
    ['SHA-1 under the name of 256', { 'X-Hub-Signature-256': sha1(body) }, 'hmac_malformed'],
    ['a digit too many', { 'X-Hub-Signature-256': `${sha256(body)}0` }, 'hmac_malformed'],
    ['four digits', { 'X-Hub-Signature-256': 'sha256=abcd' }, 'hmac_malformed'],
    [
      '64 characters beyond ASCII',
      { 'X-Hub-Signature-256': `sha256=${'\u00e9'.repeat(64)}` },
      'hmac_malformed',
    ],
    ['another secret', flexportHeaders('another secret', body), 'hmac_mismatch'],
    ['another body', flexportHeaders(SECRET, `${body}\n`), 'hmac_mismatch'],
    ['a token where a signature is due', { Authorization: `Bearer ${token(SECRET, body)}` }, 'hmac_missing'],
  ])('anything less is answered with 401 and not stored: %s', async (_title, headers, code, query = '') => {
    const { status, said, stored } = await deliverWith(service, `flexport${query}`, headers, body);
    expect([status, said, stored]).toEqual([401, code, []]);
  });

  test('two ids beyond 2^53 that are one number to JavaScript are two events', async () => {
    for (const id of ['9007199254740992', '9007199254740993', '12345678901234567890']) {
      const big = `{"id":${id},"type":"/big#id"}`;
      const { status, said, stored } = await deliverWith(
        service,
        'flexport',
        flexportHeaders(SECRET, big),
        big,
      );
      expect([status, said]).toEqual([200, 'accepted']);
      expect(stored).toMatchObject([{ external_id: id, body: Buffer.from(big), held: null }]);
    }
  });

  test('another body under the same id is accepted, and kept as held', async () => {
    const [one, two] = ['{"id":77,"n":1}', '{"id":77,"n":2}'];
    await deliverWith(service, 'flexport', flexportHeaders(SECRET, one), one);
    const { status, said, stored } = await deliverWith(
      service,
      'flexport',
      flexportHeaders(SECRET, two),
      two,
    );
    expect([status, said]).toEqual([200, 'accepted']);
    expect(stored).toMatchObject([{ body: Buffer.from(two), held: expect.stringContaining('another body') }]);
  });

  test('an unsigned delivery does not take the id from the signed one that follows', async () => {
    const genuine = '{"id":"contested","n":1}';
    const forged = await deliverWith(service, 'flexport', {}, '{"id":"contested","n":666}');
    expect([forged.status, forged.stored]).toEqual([401, []]);
    const real = await deliverWith(service, 'flexport', flexportHeaders(SECRET, genuine), genuine);
    expect([real.status, real.said]).toEqual([200, 'accepted']);
    expect(real.stored).toMatchObject([{ body: Buffer.from(genuine), held: null }]);
  });

  test('neither a secret nor a signature is ever written to the log', () => {
    const output = service.output();
    for (const text of [
      SECRET,
      RETIRED,
      VECTOR_SHA256.slice(7),
      sha256(body).slice(7),
      sha1(body).slice(5),
    ]) {
      expect(output).not.toContain(text);
    }
  });
});

describe('Flexport with SHA-1 allowed and its secrets in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-secrets-'));
  let service: RunningService;
  beforeAll(async () => {
    const file = join(folder, 'flexport');
    writeFileSync(file, `${SECRET}\n${RETIRED}\n`);
    service = await openService({
      env: { FLEXPORT_WEBHOOK_SECRET_FILE: file, FLEXPORT_ALLOW_SHA1: 'true' },
    });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  test('the literal SHA-1 vector is accepted, under the second secret of the file', async () => {
    const { status, said, stored } = await deliverWith(
      service,
      'flexport',
      { 'X-Hub-Signature': VECTOR_SHA1 },
      VECTOR,
    );
    expect([status, said]).toEqual([200, 'accepted']);
    expect(stored).toMatchObject(kept(VECTOR));
  });

  test.each([
    [
      'SHA-256 is still accepted',
      (body: string) => ({ 'X-Hub-Signature-256': sha256(body) }),
      200,
      'accepted',
    ],
    ['a wrong SHA-1 is not', () => ({ 'X-Hub-Signature': `sha1=${'0'.repeat(40)}` }), 401, 'hmac_mismatch'],
    [
      'a good SHA-1 never mends a bad SHA-256',
      (body: string) => ({ 'X-Hub-Signature-256': BAD, 'X-Hub-Signature': sha1(body) }),
      401,
      'hmac_mismatch',
    ],
    [
      'the two lines of the file are not one secret',
      (body: string) => flexportHeaders(`${SECRET}\n${RETIRED}`, body),
      401,
      'hmac_mismatch',
    ],
  ] as const)('%s', async (title, headers, status, said) => {
    const body = `{"id":"${title}"}`;
    const delivered = await deliverWith(service, 'flexport', headers(body), body);
    expect([delivered.status, delivered.said]).toEqual([status, said]);
    expect(delivered.stored).toMatchObject(status === 200 ? kept(body) : []);
    expect(delivered.stored).toHaveLength(status === 200 ? 1 : 0);
  });
});
