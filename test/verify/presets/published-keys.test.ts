/**
 * Presets whose keys are fetched or whose proof is a JWT, through the app, a socket and an inbox. What the providers would publish
 * is recorded here, and the signatures are made with keys of the test's own. What Amazon SNS has signed is in published.test.ts.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { amazonSns, easyship, type Preset, shipengine } from 'consignee';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { judgeInTurn } from '../../../src/inbox/refused/judging.ts';
import { verifiersOf } from '../../../src/verify/checks.ts';
import { PublishedKeys } from '../../../src/verify/form/published.ts';
import { makeSample } from '../../../src/verify/presets/samples.ts';
import { startApp } from '../../harness/app.ts';
import { SECRET } from '../../harness/project.ts';
import { token } from '../../harness/signing.ts';
import { flipBit } from '../verdict.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const KID = '01234567-89ab-cdef-0123-456789abcdef';
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:parcels';
const rs256 = (text: Buffer | string) => sign('sha256', Buffer.from(text), privateKey).toString('base64');

let isDown = true;
let clockMs = 0;
const published = new PublishedKeys({
  log: { info() {}, warn() {} },
  now: () => clockMs,
  async fetchText(address) {
    if (isDown) throw new Error('it answered 500');
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: KID };
    if (address === 'https://api.shipengine.com/jwks') return JSON.stringify({ keys: [jwk] });
    return publicKey.export({ type: 'spki', format: 'pem' }).toString();
  },
});

interface Row {
  readonly name: string;
  readonly preset: Preset;
  readonly scheme: 'signature' | 'jwt';
  readonly secrets: readonly string[];
  readonly values?: Readonly<Record<string, string>>;
  readonly published: PublishedKeys;
  readonly isFetched: boolean;
  readonly isBound: boolean;
  make(): { body: Buffer; headers: Record<string, string> };
}

const rows: readonly Row[] = [
  {
    name: 'shipengine',
    preset: shipengine,
    scheme: 'signature',
    secrets: [],
    published,
    isFetched: true,
    isBound: true,
    make() {
      const body = makeSample(shipengine, 'track');
      const time = new Date().toISOString();
      const headers = {
        'x-shipengine-rsa-sha256-key-id': KID,
        'x-shipengine-timestamp': time,
        'x-shipengine-rsa-sha256-signature': rs256(Buffer.concat([Buffer.from(`${time}.`), body])),
      };
      return { body, headers };
    },
  },
  {
    name: 'amazon-sns',
    preset: amazonSns,
    scheme: 'signature',
    secrets: [],
    values: { topicArn: TOPIC },
    published,
    isFetched: true,
    isBound: true,
    make() {
      const members = JSON.parse(makeSample(amazonSns, 'notification').toString());
      const names = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
      const text = names.map((name) => `${name}\n${members[name]}\n`).join('');
      const body = Buffer.from(JSON.stringify({ ...members, Signature: rs256(text) }));
      return { body, headers: { 'Content-Type': 'text/plain; charset=UTF-8' } };
    },
  },
  {
    name: 'easyship',
    preset: easyship,
    scheme: 'jwt',
    secrets: [SECRET],
    published,
    isFetched: false,
    isBound: false,
    make() {
      const body = makeSample(easyship, 'shipment-label-created');
      return { body, headers: { 'X-EASYSHIP-SIGNATURE': token(SECRET, '{"easyship_company_id":"CUS1"}') } };
    },
  },
];

let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp(rows);
});
afterAll(() => app.stop());

async function post({ name }: Row, { body, headers }: ReturnType<Row['make']>): Promise<Response> {
  const response = await fetch(`${app.url}/webhooks/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: new Uint8Array(body),
  });
  await response.text();
  return response;
}

test.each(rows.filter(({ isFetched }) => isFetched))(
  '$name: while no key can be fetched it is our trouble, and then it is taken',
  async (row) => {
    isDown = true;
    const made = row.make();
    const answer = await post(row, made);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(app.bodiesOf(row.name)).toEqual([]);
    isDown = false;
    clockMs += 60_000;
    expect((await post(row, made)).status).toBe(200);
    expect(app.bodiesOf(row.name)).toEqual([made.body]);
    expect((await post(row, made)).status).toBe(200);
    expect(app.bodiesOf(row.name)).toEqual([made.body]);
  },
);

test.each(rows)('$name: another body and another key are refused, and nothing is kept', async (row) => {
  isDown = false;
  const { body, headers } = row.make();
  const before = app.bodiesOf(row.name);
  const at = body.indexOf('delivered') + 1 || body.indexOf('In Transit') + 1 || body.indexOf('success');
  const other = { body: flipBit(body, at * 8), headers };
  expect((await post(row, other)).status).toBe(row.isBound ? 401 : 200);
  if (row.isBound) expect(app.bodiesOf(row.name)).toEqual(before);
  expect((await post(row, { body, headers: { 'X-Nothing': 'x' } })).status).toBe(
    row.name === 'amazon-sns' ? 200 : 401,
  );
  const forged = Object.entries(headers).map(([name, value]) => [
    name,
    value.replace(/.{9}(.{4})$/, 'AAAAAAAAA$1'),
  ]);
  if (row.name !== 'amazon-sns')
    expect((await post(row, { body, headers: Object.fromEntries(forged) })).status).toBe(401);
});

test('what was refused under the wrong key of one’s own is judged again with those that are published', async () => {
  isDown = false;
  const row = rows[0] as Row;
  const { body, headers } = row.make();
  const keys = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey;
  const wrong = keys.export({ type: 'spki', format: 'pem' }).toString().replaceAll('\n', '');
  const kept: Buffer[] = [];
  const judge = (secrets: readonly string[]) =>
    judgeInTurn([row.name], {
      refused: {
        next: async (_, after) => (after === 0 ? [{ ...request, number: 1 }] : []),
        newest: async () => 1,
        remove: async () => {},
      },
      verifiersOf: () => {
        const checks = { preset: shipengine, schemes: ['signature'] as const, observed: [], allowFrom: [] };
        const all = { ...checks, secrets: { signature: secrets }, allowSha1: false, publicUrl: undefined };
        return verifiersOf(all, 300, { follow: () => () => false }, 0, published);
      },
      async keep(arrival) {
        kept.push(arrival.body);
        return { outcome: 'accepted', id: 'evt_1' };
      },
      note() {},
      log: { debug() {}, info() {}, warn() {}, error() {} },
    })();
  const request = {
    id: 'ref_1',
    source: row.name,
    receivedAt: Date.now(),
    clockStepMs: 0,
    code: 'signature_mismatch',
    reason: '',
    address: '203.0.113.1',
    headers: '{}',
    credentials: JSON.stringify(Object.entries(headers).flat()),
    enforced: 'signature',
    body,
  };
  expect(await judge([wrong])).toMatchObject([{ looked: 1, accepted: 0 }]);
  expect(await judge([])).toMatchObject([{ looked: 1, accepted: 1 }]);
  expect(kept).toEqual([body]);
});
