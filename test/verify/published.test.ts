/** Keys that a provider publishes: which are taken, when they are fetched, and what a stranger can make us fetch. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { amazonSns, custom, shipengine, standardWebhooks } from 'consignee';
import { expect, test, vi } from 'vitest';
import { judgedHeadersOf, verifiersOf } from '../../src/verify/checks.ts';
import { withFingerprints } from '../../src/verify/fingerprint.ts';
import { formFlaws } from '../../src/verify/form/flaws.ts';
import { addressPattern, PublishedKeys } from '../../src/verify/form/published.ts';
import type { Preset } from '../../src/verify/preset.ts';
import type { BodyCheck, Verifier } from '../../src/verify/verifier.ts';
import { head, NOW, verdict } from './verdict.ts';

const MINUTE_MS = 60_000;
const BODY = '{"resource_type":"API_TRACK","data":{"tracking_number":"9400"}}';
const TIME = new Date(NOW).toISOString();
const rsa = (modulusLength = 2_048) => generateKeyPairSync('rsa', { modulusLength });
const [ONE, TWO] = [rsa(), rsa()];
const jwkOf = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const set = (...keys: object[]) => JSON.stringify({ keys });

/** A clock, and what the web has; a text that is missing cannot be fetched. */
function web(texts: Record<string, string>) {
  const state = { now: 0, asked: [] as string[], texts };
  const published = new PublishedKeys({
    log: { info() {}, warn() {} },
    now: () => state.now,
    async fetchText(address) {
      state.asked.push(address);
      const text = state.texts[address];
      if (text === undefined) throw new Error('it answered 404');
      return text;
    },
  });
  return Object.assign(state, { published });
}

interface Setting {
  readonly published?: PublishedKeys;
  readonly secrets?: readonly string[];
  readonly allowSha1?: boolean;
  readonly values?: Readonly<Record<string, string>>;
  readonly observed?: true;
}

function verifierOf(preset: Preset, { published, secrets = [], observed, ...more }: Setting): Verifier {
  const checks = {
    preset,
    schemes: ['signature'] as const,
    observed: observed ? (['signature'] as const) : [],
    secrets: { signature: secrets },
    allowFrom: [],
    publicUrl: undefined,
    allowSha1: false,
    ...more,
  };
  const [verify] = verifiersOf(checks, 300, { follow: () => () => false }, 0, published);
  return verify as Verifier;
}

const ADDRESS = 'https://api.shipengine.com/jwks';
const signed = (kid: string, key: KeyObject = ONE.privateKey, time = TIME) => [
  ...['x-shipengine-rsa-sha256-key-id', kid, 'x-shipengine-timestamp', time],
  'x-shipengine-rsa-sha256-signature',
  sign('sha256', Buffer.from(`${time}.${BODY}`), key).toString('base64'),
];
const ask = (verify: Verifier, rawHeaders: readonly string[], body = BODY) =>
  verdict(verify, { rawHeaders }, body);

test('a key is fetched when the first request names it, and known at once from then on', async () => {
  const { published, asked } = web({ [ADDRESS]: set(jwkOf(ONE.publicKey, { kid: 'one' })) });
  const verify = verifierOf(shipengine, { published });
  const prove = () => (verify(head({ rawHeaders: signed('one') })) as BodyCheck)(Buffer.from(BODY));
  const first = prove();
  expect(first).toBeInstanceOf(Promise);
  const proof = { scheme: 'signature', form: 'x-shipengine-rsa-sha256-signature rsa-sha256' };
  expect(await first).toMatchObject(proof);
  expect(prove()).toMatchObject({
    ...proof,
    secret: expect.any(String),
    lines: expect.arrayContaining(['one']),
  });
  expect(await ask(verify, signed('one'), `${BODY} `)).toBe('signature_mismatch');
  expect(asked).toEqual([ADDRESS]);
});

test('requests that come together wait for one fetch', async () => {
  const { published, asked } = web({ [ADDRESS]: set(jwkOf(ONE.publicKey, { kid: 'one' })) });
  const verify = verifierOf(shipengine, { published });
  const all = await Promise.all(Array.from({ length: 20 }, () => ask(verify, signed('one'))));
  expect(new Set(all)).toEqual(new Set(['passes']));
  expect(asked).toHaveLength(1);
});

test('whoever names keys that there are not makes us ask once a minute, and keeps nobody out', async () => {
  const state = web({ [ADDRESS]: set(jwkOf(ONE.publicKey, { kid: 'one' })) });
  const verify = verifierOf(shipengine, state);
  for (let minute = 0; minute < 3; minute++) {
    state.now = minute * MINUTE_MS;
    // The first is looked for; of the others nobody knows whether they have been published since.
    expect(await ask(verify, signed(`made-up-${minute}`))).toBe('signature_mismatch');
    for (let at = 0; at < 50; at++)
      expect(await ask(verify, signed(`made-up-${minute}-${at}`))).toBe('keys_unavailable');
    expect(await ask(verify, signed('one'))).toBe('passes');
    expect(state.asked).toHaveLength(minute + 1);
  }
});

test('a new key of the provider is fetched when a request names it', async () => {
  const state = web({ [ADDRESS]: set(jwkOf(ONE.publicKey, { kid: 'one' })) });
  const verify = verifierOf(shipengine, state);
  expect(await ask(verify, signed('one'))).toBe('passes');
  state.texts[ADDRESS] = set(jwkOf(ONE.publicKey, { kid: 'one' }), jwkOf(TWO.publicKey, { kid: 'two' }));
  state.now = MINUTE_MS - 1;
  expect(await ask(verify, signed('two', TWO.privateKey))).toBe('keys_unavailable');
  state.now = MINUTE_MS;
  expect(await ask(verify, signed('two', TWO.privateKey))).toBe('passes');
  expect(await ask(verify, signed('two'))).toBe('signature_mismatch');
});

test('a key that cannot be fetched is our trouble, and is asked for again after a minute', async () => {
  const state = web({});
  const verify = verifierOf(shipengine, state);
  for (let at = 0; at < 5; at++) expect(await ask(verify, signed('one'))).toBe('keys_unavailable');
  expect(state.asked).toHaveLength(1);
  state.texts[ADDRESS] = set(jwkOf(ONE.publicKey, { kid: 'one' }));
  state.now = MINUTE_MS - 1;
  expect(await ask(verify, signed('one'))).toBe('keys_unavailable');
  state.now = MINUTE_MS;
  expect(await ask(verify, signed('one'))).toBe('passes');
});

test('a known key goes on while its set cannot be fetched, and not when the set is without it', async () => {
  const text = set(jwkOf(ONE.publicKey, { kid: 'one' }));
  const state = web({ [ADDRESS]: text });
  const verify = verifierOf(shipengine, state);
  expect(await ask(verify, signed('one'))).toBe('passes');
  state.texts = {};
  state.now = 61 * MINUTE_MS;
  expect(await ask(verify, signed('one'))).toBe('passes');
  expect(await ask(verify, signed('one'))).toBe('passes');
  expect(state.asked).toHaveLength(2);
  state.texts = { [ADDRESS]: set(jwkOf(TWO.publicKey, { kid: 'two' })) };
  state.now = 62 * MINUTE_MS;
  // Nobody waits while the set is looked at again.
  expect(await ask(verify, signed('one'))).toBe('passes');
  expect(await ask(verify, signed('one'))).toBe('keys_unavailable');
  state.now = 63 * MINUTE_MS;
  expect(await ask(verify, signed('one'))).toBe('signature_mismatch');
});

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
test.each([
  ['no JSON', 'not found'],
  ['a list', '[]'],
  ['no keys', set()],
  ['keys that are none', set({ kid: 'one' }, { kid: 'one', kty: 'RSA' })],
  ['a key for HMAC', set({ kid: 'one', kty: 'oct', k: 'c2VjcmV0' })],
  ['a key of another algorithm', set(jwkOf(ec.publicKey, { kid: 'one' }))],
  ['a key that says it is of another', set(jwkOf(ONE.publicKey, { kid: 'one', alg: 'PS256' }))],
  ['a key for encryption', set(jwkOf(ONE.publicKey, { kid: 'one', use: 'enc' }))],
  ['a private key', set(jwkOf(ONE.privateKey, { kid: 'one' }))],
  ['a short key', set(jwkOf(rsa(1_024).publicKey, { kid: 'one' }))],
])('what has no good key is as if it could not be fetched: %s', async (_title, text) => {
  const { published } = web({ [ADDRESS]: text });
  expect(await ask(verifierOf(shipengine, { published }), signed('one'))).toBe('keys_unavailable');
});

test('of a set no more keys are read than there can be', async () => {
  const many = Array.from({ length: 100 }, (_, at) => jwkOf(ONE.publicKey, { kid: String(at) }));
  const state = web({ [ADDRESS]: set(...many) });
  const verify = verifierOf(shipengine, state);
  expect(await ask(verify, signed('63'))).toBe('passes');
  state.now = MINUTE_MS;
  expect(await ask(verify, signed('64'))).toBe('signature_mismatch');
});

test('the key must be named once, the time must hold, and a kid is no more than a name', async () => {
  const { published, asked } = web({ [ADDRESS]: set(jwkOf(ONE.publicKey, { kid: '__proto__' })) });
  const verify = verifierOf(shipengine, { published });
  expect(await ask(verify, signed('__proto__'))).toBe('passes');
  for (const kid of ['constructor', '../../etc/passwd', 'https://evil.example/jwks'])
    expect(await ask(verify, signed(kid))).toBe('keys_unavailable');
  expect(await ask(verify, signed('__proto__').slice(2))).toBe('signature_malformed');
  expect(await ask(verify, [...signed('__proto__'), 'X-ShipEngine-RSA-SHA256-Key-Id', 'x'])).toBe(
    'signature_repeated',
  );
  const old = new Date(NOW - 301_000).toISOString();
  expect(await ask(verify, signed('__proto__', ONE.privateKey, old))).toBe('signature_timestamp');
  expect(new Set(asked)).toEqual(new Set([ADDRESS]));
});

test('of two forms for one value neither is left behind when both fail, now or later', async () => {
  const [form] = shipengine.forms;
  const late = { ...form, key: { jwks: 'https://api.example.com/jwks' } };
  const preset = custom({ name: 'acme', forms: [late as never, form as never] });
  const unheard = vi.fn();
  process.on('unhandledRejection', unheard);
  const { published } = web({});
  const verify = verifierOf(preset, { published });
  expect(await ask(verify, signed('one').slice(2))).toMatch(/^(signature_malformed|keys_unavailable)$/);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('unhandledRejection', unheard);
  expect(unheard).not.toHaveBeenCalled();
});

test('a key that the setting holds is used instead, and nothing is fetched: PEM, a JWK, a JWK Set', async () => {
  const { published, asked } = web({ [ADDRESS]: set(jwkOf(TWO.publicKey, { kid: 'one' })) });
  const pem = ONE.publicKey.export({ type: 'spki', format: 'pem' }).toString().replaceAll('\n', '');
  for (const secret of [pem, JSON.stringify(jwkOf(ONE.publicKey)), set(jwkOf(ONE.publicKey, { kid: 'x' }))]) {
    const verify = verifierOf(shipengine, { published, secrets: [secret] });
    expect(await ask(verify, signed('one'))).toBe('passes');
    expect(await ask(verify, signed('one', TWO.privateKey))).toBe('signature_mismatch');
  }
  expect(asked).toEqual([]);
});

test('a check that is only observed notes what it would have said, whether it knows at once or later', async () => {
  const state = web({});
  const verify = withFingerprints(
    verifierOf(shipengine, { published: state.published, observed: true }),
    String,
  );
  const prove = async (rawHeaders: readonly string[]) => {
    const check = (await verify(head({ rawHeaders }))) as BodyCheck;
    return await check(Buffer.from(BODY));
  };
  const noted = (wouldRefuse: string) => ({ scheme: 'signature', wouldRefuse });
  expect(await prove(signed('one'))).toEqual(noted('keys_unavailable'));
  Object.assign(state, { now: MINUTE_MS, texts: { [ADDRESS]: set(jwkOf(ONE.publicKey, { kid: 'one' })) } });
  expect(await prove(signed('one'))).toMatchObject({ scheme: 'signature', secret: expect.any(String) });
  expect(await prove(signed('one', TWO.privateKey))).toEqual(noted('signature_mismatch'));
});

test('the header that names the key is kept with what is refused, to judge it again', () => {
  expect(judgedHeadersOf(shipengine)).toEqual(
    expect.arrayContaining(['x-shipengine-rsa-sha256-key-id', 'x-shipengine-timestamp']),
  );
});

test('Standard Webhooks by a set whose keys have no names: a new one is known within a minute', async () => {
  const [form] = standardWebhooks.forms.filter(({ algorithm }) => algorithm === 'ed25519');
  const jwks = 'https://hooks.example.com/.well-known/jwks.json';
  const preset = custom({ name: 'acme', forms: [{ ...form, key: { jwks } } as never] });
  const pairs = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')] as const;
  const headersBy = (...keys: KeyObject[]) => {
    const text = Buffer.from(`msg_1.${NOW / 1_000}.${BODY}`);
    const values = keys.map((key) => `v1a,${sign(null, text, key).toString('base64')}`);
    const forged = `v1,${createHmac('sha256', 'x').update(text).digest('base64')}`;
    return [
      ...['webhook-id', 'msg_1', 'webhook-timestamp', String(NOW / 1_000)],
      ...['webhook-signature', [forged, ...values].join(' ')],
    ];
  };
  const state = web({ [jwks]: set(jwkOf(pairs[0].publicKey)) });
  const verify = verifierOf(preset, state);
  expect(await ask(verify, headersBy(pairs[0].privateKey))).toBe('passes');
  state.texts[jwks] = set(jwkOf(pairs[1].publicKey, { alg: 'EdDSA', use: 'sig' }));
  state.now = MINUTE_MS;
  expect(await ask(verify, headersBy(pairs[1].privateKey))).toBe('passes');
  expect(await ask(verify, headersBy(pairs[1].privateKey, pairs[0].privateKey))).toBe('passes');
  expect(await ask(verify, headersBy(pairs[0].privateKey))).toBe('signature_mismatch');
  expect(await ask(verify, headersBy())).toBe('signature_malformed');
});

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:parcels';
const HOST = 'https://sns.eu-west-1.amazonaws.com';
const CERTIFICATE = `${HOST}/SimpleNotificationService-0123456789abcdef.pem`;
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

/** As Amazon signs: names and values of the members that are there, line by line. */
function notification(members: Record<string, unknown> = {}, key: KeyObject = ONE.privateKey): string {
  const all: Record<string, unknown> = {
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: TOPIC,
    Message: 'two\nlines',
    Timestamp: TIME,
    SignatureVersion: '2',
    SigningCertURL: CERTIFICATE,
    UnsubscribeURL: `${HOST}/?Action=Unsubscribe`,
    ...members,
  };
  const names = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const text = names.filter((name) => name in all).map((name) => `${name}\n${all[name]}\n`);
  const hash = all.SignatureVersion === '1' ? 'sha1' : 'sha256';
  const Signature = sign(hash, Buffer.from(text.join('')), key).toString('base64');
  return JSON.stringify({ ...all, Signature });
}
const topicArn = { topicArn: TOPIC };

test('a message of Amazon SNS is checked with the certificate that it names, of one’s own topic alone', async () => {
  const { published } = web({ [CERTIFICATE]: spki(ONE.publicKey) });
  const verify = verifierOf(amazonSns, { published, values: topicArn });
  const judge = (body: string) => ask(verify, [], body);
  expect(await judge(notification())).toBe('passes');
  expect(await judge(notification({ Subject: 'one' }))).toBe('passes');
  const confirmation = { Type: 'SubscriptionConfirmation', Token: 't', SubscribeURL: `${HOST}/?Token=t` };
  expect(await judge(notification(confirmation))).toBe('passes');
  expect(await judge(notification({}, TWO.privateKey))).toBe('signature_mismatch');
  const forged = (change: Record<string, unknown>) =>
    JSON.stringify({ ...JSON.parse(notification()), ...change });
  for (const change of [{ Message: 'other' }, { MessageId: '2' }, { Subject: 'new' }, { Token: 'new' }])
    expect(await judge(forged(change))).toBe('signature_mismatch');
  // Anybody may have a topic of one's own, whose messages the same certificate signs.
  expect(await judge(notification({ TopicArn: `${TOPIC}2` }))).toBe('signature_malformed');
  expect(await judge(notification({ Timestamp: new Date(NOW - 3_601_000).toISOString() }))).toBe(
    'signature_timestamp',
  );
  for (const body of ['', '{}', 'raw delivery', JSON.stringify({ Signature: [] })])
    expect(await judge(body)).toBe('signature_missing');
});

test('what is signed cannot be read as other members: only the message itself has lines', async () => {
  const { published } = web({ [CERTIFICATE]: spki(ONE.publicKey) });
  const verify = verifierOf(amazonSns, { published, values: topicArn });
  const other = 'arn:aws:sns:eu-west-1:999999999999:theirs';
  const Message = `x\nMessageId\n1\nTimestamp\n${TIME}\nTopicArn\n${TOPIC}\nType\nNotification`;
  const theirs = JSON.parse(notification({ TopicArn: other, Message }));
  const rest = `MessageId\n${theirs.MessageId}\nTimestamp\n${TIME}\nTopicArn\n${other}\nType\nNotification`;
  const forged = { ...theirs, Message: 'x', MessageId: '1', TopicArn: TOPIC, Type: `Notification\n${rest}` };
  expect(await ask(verify, [], JSON.stringify(forged))).toBe('signature_mismatch');
});

test('SHA-1 of Amazon must be allowed, and which version it is, is not the sender’s to say', async () => {
  const { published } = web({ [CERTIFICATE]: spki(ONE.publicKey) });
  const strict = verifierOf(amazonSns, { published, values: topicArn });
  const lax = verifierOf(amazonSns, { published, values: topicArn, allowSha1: true });
  const old = notification({ SignatureVersion: '1' });
  expect(await ask(strict, [], old)).toBe('signature_sha1');
  expect(await ask(lax, [], old)).toBe('passes');
  expect(await ask(lax, [], notification())).toBe('passes');
  const renamed = JSON.stringify({ ...JSON.parse(old), SignatureVersion: '2' });
  for (const verify of [strict, lax]) {
    expect(await ask(verify, [], renamed)).toBe('signature_mismatch');
    expect(await ask(verify, [], notification({ SignatureVersion: '3' }))).toBe('signature_malformed');
  }
});

const PATH = '/SimpleNotificationService-0123456789abcdef.pem';
test.each([
  ...['http://sns.eu-west-1.amazonaws.com', 'https://sns.eu-west-1.amazonaws.com.evil.example'],
  ...['https://sns.eu-west-1.amazonaws.com:8443', 'https://sns.eu-west-1.amazonaws.com:443'],
  ...['https://sns.eu-west-1.amazonaws.com@evil.example', 'https://u:p@sns.eu-west-1.amazonaws.com'],
  ...['https://evil.example/https://sns.eu-west-1.amazonaws.com', 'https://SNS.eu-west-1.amazonaws.com'],
  ...[
    'https://sns.s3.amazonaws.com',
    'https://sns.s3-us-west-2.amazonaws.com',
    'https://sns.x.amazonaws.com',
  ],
  ...['https://sns-eu-west-1.amazonaws.com', 'https://asns.eu-west-1.amazonaws.com'],
  ...['https://sns.eu-west-1.amazonawsXcom', 'https://sns.eu-west-1.amazonaws.com\\@evil.example'],
  ...['https://sns.eu-west-1.amazonaws.com/..', 'https://sns.eu-west-1.amazonaws.com/x', 'file://', ''],
  ...['https://sns.eu-west-1.evil.com#.amazonaws.com', ' https://sns.eu-west-1.amazonaws.com'],
])('a certificate is fetched from Amazon’s own addresses alone: not from %s', async (host) => {
  const { published, asked } = web({});
  const verify = verifierOf(amazonSns, { published, values: topicArn });
  expect(await ask(verify, [], notification({ SigningCertURL: `${host}${PATH}` }))).toBe(
    'signature_malformed',
  );
  for (const end of ['?x', '#x', '\n', '%2e', 'x']) {
    const SigningCertURL = `${HOST}${PATH}${end}`;
    expect(await ask(verify, [], notification({ SigningCertURL }))).toBe('signature_malformed');
  }
  expect(asked).toEqual([]);
});

test.each(['us-east-1', 'ap-southeast-2', 'us-gov-west-1', 'eusc-de-east-1', 'us-isob-east-1'])(
  'a region of Amazon’s is one: %s',
  (region) => {
    const pattern = addressPattern('https://sns.{region}.amazonaws.com/SimpleNotificationService-{name}.pem');
    expect(pattern?.test(`https://sns.${region}.amazonaws.com${PATH}`)).toBe(true);
  },
);

test('of many certificates one a minute is asked for, and one that is asked for often comes to be asked', async () => {
  const state = web({ [CERTIFICATE]: spki(ONE.publicKey) });
  const verify = verifierOf(amazonSns, { published: state.published, values: topicArn });
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.3);
  const flood = async () => {
    for (let at = 0; at < 3; at++) {
      const SigningCertURL = `${HOST}/SimpleNotificationService-${state.now}x${at}.pem`;
      expect(await ask(verify, [], notification({ SigningCertURL }))).toBe('keys_unavailable');
    }
  };
  await flood();
  expect(await ask(verify, [], notification())).toBe('keys_unavailable');
  expect(state.asked).toHaveLength(1);
  expect(state.asked).not.toContain(CERTIFICATE);
  state.now = MINUTE_MS;
  await flood();
  // By its lot it was drawn before the others came, and was fetched for the first of them.
  expect(state.asked).toHaveLength(2);
  expect(await ask(verify, [], notification())).toBe('passes');
  random.mockRestore();
});

test('who names many certificates from one address keeps nobody out: lots are drawn among networks first', async () => {
  const state = web({ [CERTIFICATE]: spki(ONE.publicKey) });
  const verify = verifierOf(amazonSns, { published: state.published, values: topicArn });
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.6);
  const flood = async (requests: number) => {
    for (let at = 0; at < requests; at++) {
      const SigningCertURL = `${HOST}/SimpleNotificationService-${state.now}x${at}.pem`;
      const body = notification({ SigningCertURL });
      expect(await verdict(verify, { address: '198.51.100.7' }, body)).toBe('keys_unavailable');
    }
  };
  await flood(50);
  expect(await ask(verify, [], notification())).toBe('keys_unavailable');
  state.now = MINUTE_MS;
  await flood(1);
  expect(await ask(verify, [], notification())).toBe('passes');
  random.mockRestore();
});

test.each([
  [{ jwks: 'http://api.example.com/jwks' }],
  [{ jwks: 'https://user@api.example.com/jwks' }],
  [{ jwks: 'https://api.example.com/{name}' }],
  [{ jwks: 'https://localhost/jwks' }],
  [{ jwks: 'https://10.0.0.1/jwks' }],
  [{ jwks: 'https://api.example.com/a/../jwks' }],
  [{ jwks: 1 }],
  [{ certificate: 'member:Url', at: [] }],
  [{ certificate: 'member:Url', at: ['https://*.example.com/x.pem'] }],
  [{ certificate: 'Url', at: ['https://a.example.com/x.pem'] }],
  [{ jwks: 'https://api.example.com/jwks', kid: 'query:kid' }],
])('a key that could not be pinned is told at the start: %o', (key) => {
  const [form] = shipengine.forms;
  expect(formFlaws({ ...form, key }).join()).toMatch(/^has a key that is not/);
});
