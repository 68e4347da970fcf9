import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliverWith, kept } from '../../harness/deliver-with.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { opensslMac, shippoHeaders } from '../../harness/signing.ts';

const VECTOR_SECRET = 'shippo-test-secret';
const VECTOR =
  '{"event":"track_updated","test":true,"data":{"carrier":"usps","tracking_number":"9205590164917312751089"}}';
const VECTOR_HEADER = 't=1688493073,v1=b56bdbf4d0a756bd1046f0a9d2260de21f1b0d63eb059d4dfbc6d6ed5651ec0e';

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

describe('Shippo with HMAC', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await openService({
      env: { SHIPPO_WEBHOOK_SECRET: SECRET, SHIPPO_WEBHOOK_SECRET_PREVIOUS: VECTOR_SECRET },
    });
  });
  afterAll(() => service.stop());

  test('the literal vector is years too old: 401, nothing stored', async () => {
    const headers = { 'Shippo-Auth-Signature': VECTOR_HEADER };
    const { status, said, stored } = await deliverWith(service, 'shippo', headers, VECTOR);
    expect([status, said, stored]).toEqual([401, 'hmac_timestamp', []]);
  });

  test('the vector’s MAC over another body is refused for its MAC, not for its age', async () => {
    const headers = { 'Shippo-Auth-Signature': VECTOR_HEADER };
    const { status, said, stored } = await deliverWith(service, 'shippo', headers, `${VECTOR} `);
    expect([status, said, stored]).toEqual([401, 'hmac_mismatch', []]);
  });

  test('the vector’s body, freshly signed, is accepted and stored without an id of Shippo’s', async () => {
    const delivered = await deliverWith(service, 'shippo', shippoHeaders(VECTOR_SECRET, VECTOR), VECTOR);
    expect([delivered.status, delivered.said]).toEqual([200, 'accepted']);
    expect(delivered.stored).toMatchObject([{ type: 'track_updated', external_id: null, held: null }]);
    expect(delivered.stored).toMatchObject(kept(VECTOR));
  });

  test('the same bytes under a later signature are a duplicate, and other bytes another event', async () => {
    const [one, two] = ['{"event":"batch_created","n":1}', '{"event":"batch_created", "n":1}'];
    const first = await deliverWith(service, 'shippo', shippoHeaders(SECRET, one, seconds() - 60), one);
    const second = await deliverWith(service, 'shippo', shippoHeaders(SECRET, one), one);
    expect(second).toEqual({ status: 200, said: 'duplicate', id: first.id, stored: [] });
    const third = await deliverWith(service, 'shippo', shippoHeaders(SECRET, two), two);
    expect([third.status, third.said]).toEqual([200, 'accepted']);
    expect(third.stored).toMatchObject(kept(two));
  });

  test('data that came as a text of JSON is stored as it came', async () => {
    const body =
      '{"event":"transaction_updated","test":false,"data":"{\\"object_id\\": \\"a1\\",\\n\\"rate\\": 5.50}"}';
    const { status, said, stored } = await deliverWith(service, 'shippo', shippoHeaders(SECRET, body), body);
    expect([status, said]).toEqual([200, 'accepted']);
    expect(stored).toMatchObject([{ type: 'transaction_updated', held: null, body: Buffer.from(body) }]);
  });

  test('one of several signatures is enough', async () => {
    const body = '{"event":"several"}';
    const value = shippoHeaders(SECRET, body)['Shippo-Auth-Signature'].replace(',', `,v1=${'0'.repeat(64)},`);
    const { status, stored } = await deliverWith(service, 'shippo', { 'Shippo-Auth-Signature': value }, body);
    expect(status).toBe(200);
    expect(stored).toMatchObject(kept(body));
  });

  const body = '{"event":"never_stored"}';

  test.each([
    ['an hour old', () => shippoHeaders(SECRET, body, seconds() - 3600), 'hmac_timestamp'],
    ['an hour ahead', () => shippoHeaders(SECRET, body, seconds() + 3600), 'hmac_timestamp'],
    ['no header', () => ({}), 'hmac_missing'],
    ['the CGI name', () => ({ HTTP_SHIPPO_AUTH_SIGNATURE: signed() }), 'hmac_missing'],
    ['two lines', () => ({ 'Shippo-Auth-Signature': [signed(), signed()] }), 'hmac_repeated'],
    ['no timestamp', () => ({ 'Shippo-Auth-Signature': signed().replace(/^t=\d+,/, '') }), 'hmac_malformed'],
    ['two timestamps', () => ({ 'Shippo-Auth-Signature': `t=1688493073,${signed()}` }), 'hmac_malformed'],
    ['milliseconds', () => shippoHeaders(SECRET, body, Date.now()), 'hmac_malformed'],
    ['another timestamp than was signed', () => restamped(), 'hmac_mismatch'],
    ['the body signed alone', () => bodyAlone(), 'hmac_mismatch'],
    ['another secret', () => shippoHeaders('another secret', body), 'hmac_mismatch'],
  ])('anything less is answered with 401 and not stored: %s', async (_title, headers, code) => {
    const { status, said, stored } = await deliverWith(service, 'shippo', headers(), body);
    expect([status, said, stored]).toEqual([401, code, []]);
  });

  function signed(): string {
    return shippoHeaders(SECRET, body)['Shippo-Auth-Signature'];
  }

  function restamped() {
    const [, mac] = shippoHeaders(SECRET, body, seconds() - 10)['Shippo-Auth-Signature'].split(',');
    return { 'Shippo-Auth-Signature': `t=${seconds()},${mac}` };
  }

  function bodyAlone() {
    return { 'Shippo-Auth-Signature': `t=${seconds()},v1=${opensslMac(SECRET, body).toString('hex')}` };
  }
});

describe('Shippo with a token and its published addresses', () => {
  const TOKEN = 'K8-a-token-of-the-tests/with+odd=signs';
  const ENCODED = encodeURIComponent(TOKEN);
  let service: RunningService;
  beforeAll(async () => {
    service = await openService({
      env: {
        SHIPPO_WEBHOOK_TOKEN: TOKEN,
        SHIPPO_ALLOW_FROM: 'shippo-us, 203.0.113.0/24',
        SHIPPO_VERIFY: 'ip,token',
        TRUST_PROXY: 'loopback',
      },
    });
  });
  afterAll(() => service.stop());

  test.each([
    ['a published address and the token', '52.4.41.98', `?token=${ENCODED}`],
    ['an address of the range', '203.0.113.77', `?a=1&token=${ENCODED}`],
    ['with its port', '52.44.110.80:4711', `?token=${ENCODED}`],
  ])('both together are accepted: %s', async (title, address, query) => {
    const body = `{"event":"${title}"}`;
    const delivered = await deliverWith(service, `shippo${query}`, { 'X-Forwarded-For': address }, body);
    expect([delivered.status, delivered.said]).toEqual([200, 'accepted']);
    expect(delivered.stored).toMatchObject(kept(body));
  });

  test.each([
    ['a European address', '34.248.247.69', `?token=${ENCODED}`, 403, 'ip_not_allowed'],
    [
      'an address put before the real one',
      '52.4.41.98, 192.0.2.1',
      `?token=${ENCODED}`,
      403,
      'ip_not_allowed',
    ],
    ['the address in octal', '064.4.41.98', `?token=${ENCODED}`, 403, 'ip_unreadable'],
    ['a wrong address and a wrong token', '192.0.2.1', '?token=x', 403, 'ip_not_allowed'],
    ['no token', '52.4.41.98', '', 401, 'token_missing'],
    ['a wrong token', '52.4.41.98', '?token=x', 401, 'token_mismatch'],
    ['the token twice', '52.4.41.98', `?token=${ENCODED}&token=${ENCODED}`, 401, 'token_repeated'],
    ['a token that cannot be decoded', '52.4.41.98', '?token=%zz', 401, 'token_malformed'],
  ])('one of the two alone is not: %s', async (_title, address, query, status, code) => {
    const headers = { 'X-Forwarded-For': address };
    const delivered = await deliverWith(service, `shippo${query}`, headers, '{"event":"never_stored"}');
    expect([delivered.status, delivered.said, delivered.stored]).toEqual([status, code, []]);
  });

  test('the token is neither in the log nor in the inbox', () => {
    for (const text of [TOKEN, ENCODED]) {
      expect(service.output()).not.toContain(text);
      expect(JSON.stringify(service.events().map(({ headers }) => headers))).not.toContain(text);
    }
  });
});
