/**
 * Handshakes through the app and a socket: what is answered, letter for letter, and that the inbox holds nothing afterwards; what
 * strangers may try with them; and the answers to events that presets name. MACs are made with openssl.
 */
import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { custom, type Preset, presets } from 'consignee';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { takeArrived } from '../../../src/serve/arrived.ts';
import { presetFlaws } from '../../../src/verify/preset.ts';
import { type AppSource, startApp } from '../../harness/app.ts';
import { SECRET } from '../../harness/project.ts';
import { opensslMac } from '../../harness/signing.ts';
import { type Answer, answersIn, ask, bytesOf, type Headers, openWire } from '../../harness/wire.ts';

const ED25519 = generateKeyPairSync('ed25519');
const PUBLIC_KEY = ED25519.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const HMAC = {
  in: { header: 'X-Mac' },
  encoding: 'hex',
  algorithm: 'hmac-sha256',
  signed: '{body}',
} as const;
const TOKEN = 'a-verify-token-of-thirty-two-chars';

/** Handshakes of providers that are no preset, or whose signature is checked elsewhere, said in the same words. */
const OTHERS = {
  ebay: custom({
    name: 'ebay',
    forms: [HMAC],
    handshakes: [
      {
        when: { method: 'GET', 'query:challenge_code': /^[\w-]{1,128}$/ },
        made: {
          algorithm: 'digest-sha256',
          encoding: 'hex',
          of: '{query:challenge_code}{secret:verificationToken}{setting:publicUrl}',
        },
        answer: { json: { challengeResponse: '{made}' } },
      },
    ],
  }),
  adobe: custom({
    name: 'adobe',
    forms: [HMAC],
    handshakes: [
      { when: { method: 'GET', 'query:challenge': /^[\w-]{1,100}$/ }, answer: { text: '{query:challenge}' } },
    ],
  }),
  sns: custom({
    name: 'sns',
    forms: [HMAC],
    handshakes: [
      {
        when: {
          'member:Type': 'SubscriptionConfirmation',
          'member:SubscribeURL':
            /^https:\/\/sns\.[a-z\d-]+\.amazonaws\.com\/\?Action=ConfirmSubscription&[\w&=:.%-]{1,900}$/,
        },
        signed: true,
        answer: {},
        brings: { what: 'a URL to open', text: '{member:SubscribeURL}' },
      },
    ],
  }),
  // An event may have the second field, and it may have it twice.
  ping: custom({
    name: 'ping',
    forms: [HMAC],
    handshakes: [{ when: { 'field:ping': '1', 'field:event': null }, answer: {} }],
  }),
} satisfies Record<string, Preset>;

const shipped = (name: string, more: Partial<AppSource> = {}): AppSource => {
  const preset = presets[name] as Preset;
  return { name, preset, scheme: 'hmac', secrets: [SECRET], ...more };
};
const SOURCES: AppSource[] = [
  shipped('onfleet', { secrets: ['ab'.repeat(64)] }),
  ...['dropbox', 'slack', 'twitch', 'woocommerce', 'intercom', 'xero', 'shiphero', 'notion'].map((name) =>
    shipped(name),
  ),
  shipped('meta', { handshakeTexts: { verifyToken: [TOKEN] } }),
  shipped('braintree', {
    secrets: ['integration_private_key'],
    handshakeTexts: { publicKey: ['integration_public_key'] },
  }),
  shipped('zoom', { secrets: ['the-newest-of-two', SECRET] }),
  shipped('discord', { scheme: 'signature', secrets: [PUBLIC_KEY] }),
  shipped('microsoft-graph', { name: 'graph', scheme: 'token' }),
  shipped('inpost-shipx', { name: 'shipx', scheme: 'token' }),
  shipped('salesforce-marketing-cloud', { name: 'sfmc', takesSecrets: true }),
  shipped('zoom', { name: 'zoom-observed', observed: ['hmac'] }),
  shipped('asana', { name: 'asana-on' }),
  shipped('asana', { name: 'asana-observed', observed: ['hmac'], takesSecrets: true }),
  shipped('asana', { name: 'asana-waiting', secrets: [], takesSecrets: true }),
  shipped('notion', { name: 'notion-waiting', secrets: [], takesSecrets: true }),
  ...Object.entries(OTHERS).map(
    ([name, preset]): AppSource => ({
      name,
      preset,
      scheme: 'hmac',
      secrets: [SECRET],
      handshakeTexts: { verificationToken: [TOKEN], publicUrl: ['https://hooks.example.com/webhooks/ebay'] },
    }),
  ),
];

let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp(SOURCES);
});
afterAll(() => app.stop());

const send = (method: string, target: string, headers: Headers = {}, body = '') =>
  ask(app.port, bytesOf(method, `/webhooks/${target}`, headers, body));
const seconds = () => Math.floor(Date.now() / 1_000);
const hex = (secret: string, text: string) => opensslMac(secret, text).toString('hex');

/** Sound for a handshake: exactly this, as plain text that no browser takes for HTML; and nothing has been stored. */
function expectText(answer: Answer, text: string, source: string) {
  expect(answer).toMatchObject({
    status: 200,
    body: text,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  });
  expect(app.bodiesOf(source)).toEqual([]);
}

/** The headers that each signs with. */
const SIGNED: Readonly<Record<string, (body: string, secret?: string) => Headers>> = {
  slack: (body, secret = SECRET) => ({
    'X-Slack-Request-Timestamp': String(seconds()),
    'X-Slack-Signature': `v0=${hex(secret, `v0:${seconds()}:${body}`)}`,
  }),
  zoom: (body, secret = SECRET) => ({
    'x-zm-request-timestamp': String(seconds()),
    'x-zm-signature': `v0=${hex(secret, `v0:${seconds()}:${body}`)}`,
  }),
  twitch: (body) => {
    const time = new Date().toISOString();
    return {
      'Twitch-Eventsub-Message-Id': 'm-1',
      'Twitch-Eventsub-Message-Timestamp': time,
      'Twitch-Eventsub-Message-Signature': `sha256=${hex(SECRET, `m-1${time}${body}`)}`,
    };
  },
  discord: (body) => ({
    'X-Signature-Timestamp': String(seconds()),
    'X-Signature-Ed25519': sign(null, Buffer.from(`${seconds()}${body}`), ED25519.privateKey).toString('hex'),
  }),
  xero: (body) => ({ 'x-xero-signature': opensslMac(SECRET, body).toString('base64') }),
  shiphero: (body) => ({ 'x-shiphero-hmac-sha256': opensslMac(SECRET, body).toString('base64') }),
  sns: (body) => ({ 'X-Mac': hex(SECRET, body) }),
};

describe('an echo of the query', () => {
  test.each([
    ['onfleet', 'check=abc-123', 'abc-123'],
    ['dropbox', 'challenge=Xy_9.~', 'Xy_9.~'],
    ['adobe', 'challenge=8ec8d794-e0ab-42df-9017-e3dada8e84f7', '8ec8d794-e0ab-42df-9017-e3dada8e84f7'],
    ['meta', `hub.mode=subscribe&hub.verify_token=${TOKEN}&hub.challenge=1158201444`, '1158201444'],
    ['shipx', `token=${SECRET}`, ''],
  ])('%s gets its value back as text', async (source, query, text) => {
    expectText(await send('GET', `${source}?${query}`), text, source);
  });

  test.each([
    ['no value', 'onfleet'],
    ['an empty one', 'onfleet?check='],
    ['HTML', 'onfleet?check=%3Cscript%3Ealert(1)%3C/script%3E'],
    ['a line break', 'onfleet?check=a%0d%0aSet-Cookie:%20a=b'],
    ['NUL', 'onfleet?check=a%00b'],
    ['what is not ASCII', 'onfleet?check=%C3%A9'],
    ['bytes that are no UTF-8', 'onfleet?check=%ff'],
    ['a template', 'onfleet?check={made}'],
    ['two values', 'onfleet?check=a&check=a'],
    ['one value, percent-encoded under its name', 'onfleet?check=a&%63heck=b'],
    ['a long one', `onfleet?check=${'a'.repeat(201)}`],
    ['a huge query', `onfleet?check=a&b=${'c'.repeat(30_000)}`],
    ['a prototype', 'onfleet?__proto__=a'],
  ])('%s is no handshake: 405, which names what is allowed', async (_, target) => {
    const answer = await send('GET', target);
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST, GET' } });
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.body).not.toContain('script');
    expect(app.bodiesOf('onfleet')).toEqual([]);
  });

  test.each(['PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE'])('%s stays refused', async (method) => {
    expect(await send(method, 'onfleet?check=a')).toMatchObject({
      status: 405,
      headers: { allow: 'POST, GET' },
    });
    expect(await send(method, 'xero?check=a')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });

  test('a body, another method in a header, and a path that is nearly right make nothing of it', async () => {
    expect((await send('GET', 'onfleet?check=a', {}, '{"check":"a"}')).status).toBe(405);
    expect((await send('POST', 'onfleet?check=a', { 'X-HTTP-Method-Override': 'GET' })).status).toBe(401);
    expect((await send('GET', 'onfleet/?check=a')).status).toBe(404);
    expect((await send('GET', 'onfleet/x?check=a')).status).toBe(404);
    expect((await send('GET', 'Onfleet?check=a')).status).toBe(404);
    expect((await send('get', 'onfleet?check=a')).status).toBe(400);
  });

  test.each(['wrong', '', `${TOKEN} `, TOKEN.slice(1)])(
    'a verify token that is not ours gets 403: "%s"',
    async (token) => {
      const query = `hub.mode=subscribe&hub.verify_token=${encodeURIComponent(token)}&hub.challenge=1`;
      const answer = await send('GET', `meta?${query}`);
      expect(answer.status).toBe(403);
      expect(answer.body).not.toContain(TOKEN);
    },
  );

  test('by POST it passes the check of the token first', async () => {
    const token =
      'Validation%3a+Testing+client+application+reachability+for+subscription+Request-Id%3a+3a2b-1';
    const target = `graph?token=${SECRET}&validationToken=${token}`;
    const text = 'Validation: Testing client application reachability for subscription Request-Id: 3a2b-1';
    expectText(await send('POST', target), text, 'graph');
    expect((await send('POST', `graph?token=wrong&validationToken=${token}`)).status).toBe(401);
    expect((await send('POST', `graph?validationToken=${token}`)).status).toBe(401);
  });
});

describe('an answer that is computed from the query', () => {
  test('Braintree’s is the published one', async () => {
    const answer = await send('GET', 'braintree?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53');
    expectText(answer, 'integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4', 'braintree');
  });

  test('no event is proven by what it makes for everybody', async () => {
    const challenge = '20f9f8ed05f77439fe955c977e4c8a53';
    const [, mac] = (await send('GET', `braintree?bt_challenge=${challenge}`)).body.split('|');
    const body = new URLSearchParams({
      bt_signature: `integration_public_key|${mac}`,
      bt_payload: challenge,
    }).toString();
    expect((await send('POST', 'braintree', {}, body)).status).toBe(401);
    expect(app.bodiesOf('braintree')).toEqual([]);
  });

  test.each(['PG5vdGlmaWNhdGlvbj4K', 'g'.repeat(24), 'a'.repeat(19), 'a'.repeat(33), `${'a'.repeat(24)}%0a`])(
    'nothing is made of %s',
    async (text) => {
      expect((await send('GET', `braintree?bt_challenge=${text}`)).status).toBe(405);
    },
  );

  test('eBay’s is a digest with the verification token and the registered URL', async () => {
    const expected = hash('sha256', `code-1${TOKEN}https://hooks.example.com/webhooks/ebay`, 'hex');
    const answer = await send('GET', 'ebay?challenge_code=code-1', { Host: 'evil.example' });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer.body)).toEqual({ challengeResponse: expected });
  });
});

describe('how often', () => {
  afterEach(() => void vi.restoreAllMocks());

  test('a stranger may have so much computed, and no more; what is only echoed costs nothing', async () => {
    // The clock stands still, so nothing is filled up again.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    const statuses = async (target: string, count: number) => {
      const wire = await openWire(app.port);
      wire.write(bytesOf('GET', `/webhooks/${target}`).repeat(count));
      await wire.answer(count);
      wire.close();
      return wire.answers().map(({ status }) => status);
    };
    const computed = await statuses('ebay?challenge_code=c', 250);
    expect(computed.slice(0, 150)).toEqual(Array.from({ length: 150 }, () => 200));
    expect(computed.slice(-40)).toEqual(Array.from({ length: 40 }, () => 429));
    expect(new Set(await statuses('adobe?challenge=c', 250))).toEqual(new Set([200]));
  });
});

describe('an answer to a signed body', () => {
  const VALIDATION = JSON.stringify({
    event: 'endpoint.url_validation',
    payload: { plainToken: 'q9ibPhGeRZ6ayx5WTrXjRw' },
  });
  const TWITCH = { 'Twitch-Eventsub-Message-Type': 'webhook_callback_verification' };
  test.each([
    ['slack', '{"token":"t","challenge":"3eZbrw1aBm2r","type":"url_verification"}', {}, '3eZbrw1aBm2r'],
    ['twitch', '{"challenge":"pogchamp-kappa-360","subscription":{}}', TWITCH, 'pogchamp-kappa-360'],
    ['discord', '{"type":1}', {}, '{"type":1}'],
    ['discord', '{"version":1,"application_id":"1","type":0}', {}, ''],
    [
      'zoom',
      VALIDATION,
      {},
      JSON.stringify({
        plainToken: 'q9ibPhGeRZ6ayx5WTrXjRw',
        encryptedToken: hex(SECRET, 'q9ibPhGeRZ6ayx5WTrXjRw'),
      }),
    ],
  ])('%s gets it, and only if the signature is right: %s', async (source, body, headers, text) => {
    const signed = { ...SIGNED[source]?.(body), ...headers };
    const answer = await send('POST', source, signed, body);
    expect(answer).toMatchObject({ status: text === '' ? 204 : 200, body: text });
    expect((await send('POST', source, headers, body)).status).toBe(401);
    expect((await send('POST', source, signed, `${body} `)).status).toBe(401);
    expect(app.bodiesOf(source)).toEqual([]);
  });

  test('a signature that is only observed, and wrong, has nothing made by our secret', async () => {
    const answer = await send('POST', 'zoom-observed', SIGNED.zoom?.(VALIDATION, 'wrong'), VALIDATION);
    expect(answer.body).toContain('"status":"accepted"');
    const right = await send('POST', 'zoom-observed', SIGNED.zoom?.(VALIDATION), VALIDATION);
    expect(right.body).toContain('encryptedToken');
    expect(app.bodiesOf('zoom-observed')).toEqual([Buffer.from(VALIDATION)]);
  });

  test('what is echoed has the form of a challenge, or the body is an event', async () => {
    const body = '{"challenge":"<b>x</b>","type":"url_verification"}';
    expect((await send('POST', 'slack', SIGNED.slack?.(body), body)).body).toContain('"status":"accepted"');
    expect(app.bodiesOf('slack')).toEqual([Buffer.from(body)]);
  });

  test('a header that nobody signs makes no handshake of an event', async () => {
    const body = '{"subscription":{"id":"s"},"event":{"challenge":"x"}}';
    const answer = await send('POST', 'twitch', { ...SIGNED.twitch?.(body), ...TWITCH }, body);
    expect(answer.body).toContain('"status":"accepted"');
    expect(app.bodiesOf('twitch')).toEqual([Buffer.from(body)]);
  });

  test('a URL that it brings is shown to the operator if its host is the provider’s, and visited by nobody', async () => {
    const url =
      'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:1:t&Token=23';
    const body = JSON.stringify({ Type: 'SubscriptionConfirmation', SubscribeURL: url });
    expect((await send('POST', 'sns', SIGNED.sns?.(body), body)).status).toBe(200);
    expect(takeArrived(app.folder, 'sns')).toMatchObject([{ what: 'a URL to open', text: url }]);
    const evil = body.replace('amazonaws.com/', 'amazonaws.com.evil.example/');
    expect((await send('POST', 'sns', SIGNED.sns?.(evil), evil)).body).toContain('accepted');
    expect(takeArrived(app.folder, 'sns')).toEqual([]);
  });
});

describe('a secret that arrives', () => {
  const HOOK = 'b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81';

  test('Asana’s is echoed, kept for its user alone, shown once, and in no log', async () => {
    const answer = await send('POST', 'asana-waiting', { 'X-Hook-Secret': HOOK });
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'x-hook-secret': HOOK } });
    expect(app.bodiesOf('asana-waiting')).toEqual([]);
    expect(statSync(join(app.folder, 'arrived-asana-waiting')).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(app.lines)).not.toContain(HOOK);
    const said = app.lines.find(({ source }) => source === 'asana-waiting');
    expect(said).toMatchObject({ outcome: 'handshake', ip: '127.0.0.1' });
    expect(said?.warning).toContain('`consignee secret take asana-waiting` shows it once');
    expect(takeArrived(app.folder, 'asana-waiting')).toMatchObject([{ address: '127.0.0.1', text: HOOK }]);
    expect(takeArrived(app.folder, 'asana-waiting')).toEqual([]);
    expect(existsSync(join(app.folder, 'arrived-asana-waiting'))).toBe(false);
  });

  test.each([
    ['short', 'abc'],
    ['markup', `<b>${HOOK}</b>`],
    ['a byte above ASCII', `${HOOK}\u00e9`],
    ['a tab', `${HOOK}\t${HOOK}`],
    ['long', 'a'.repeat(201)],
  ])('one that is %s is not echoed', async (_, secret) => {
    const answer = await send('POST', 'asana-waiting', { 'X-Hook-Secret': secret });
    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('x-hook-secret');
  });

  test('while the signature is only observed, it comes as ever', async () => {
    const answer = await send('POST', 'asana-observed', { 'X-Hook-Secret': HOOK });
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'x-hook-secret': HOOK } });
    expect(app.bodiesOf('asana-observed')).toEqual([]);
    expect(takeArrived(app.folder, 'asana-observed')).toMatchObject([{ text: HOOK }]);
  });

  test('two of them, or a line break in one, make nothing', async () => {
    const twice = bytesOf('POST', '/webhooks/asana-waiting', {
      'X-Hook-Secret': `${HOOK}\r\nX-Hook-Secret: ${HOOK}`,
    });
    expect((await ask(app.port, twice)).status).toBe(401);
    const folded = bytesOf('POST', '/webhooks/asana-waiting', { 'X-Hook-Secret': `${HOOK}\r\n folded` });
    expect((await ask(app.port, folded)).status).toBe(400);
    expect(takeArrived(app.folder, 'asana-waiting')).toEqual([]);
  });

  test('a source that does not wait for one refuses it as ever, and the log says what to set', async () => {
    const answer = await send('POST', 'asana-on', { 'X-Hook-Secret': HOOK });
    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('x-hook-secret');
    expect(takeArrived(app.folder, 'asana-on')).toEqual([]);
    const { detail } = JSON.parse(answer.body) as { detail: string };
    expect(detail).toBe('a handshake brings a secret, which is taken only while A_VERIFY is handshake');
    const token = JSON.stringify({ verification_token: HOOK });
    expect((await send('POST', 'notion', {}, token)).status).toBe(401);
  });

  test.each([
    ['unsigned', () => ({})],
    [
      'signed by the very secret it brings',
      (body: string) => ({ 'X-Notion-Signature': `sha256=${hex(HOOK, body)}` }),
    ],
  ])('Notion’s may come %s', async (_, headers) => {
    const body = JSON.stringify({ verification_token: HOOK });
    expect((await send('POST', 'notion-waiting', headers(body), body)).status).toBe(200);
    expect(takeArrived(app.folder, 'notion-waiting')).toMatchObject([{ text: HOOK }]);
    const event = JSON.stringify({ id: 'e-1', type: 'page.created', verification_token: HOOK });
    expect((await send('POST', 'notion-waiting', headers(event), event)).status).toBe(401);
    expect(app.bodiesOf('notion-waiting')).toEqual([]);
  });

  test('what a full disk has left of one is passed over, and the next is kept whole', async () => {
    const path = join(app.folder, 'arrived-asana-waiting');
    writeFileSync(path, '{"at":"2026-11-26T0');
    expect((await send('POST', 'asana-waiting', { 'X-Hook-Secret': HOOK })).status).toBe(200);
    expect(takeArrived(app.folder, 'asana-waiting')).toMatchObject([{ text: HOOK }]);
  });

  test('what was taken, and not shown because the process ended, is shown to the next who asks', () => {
    const line = { at: '2026-11-26T00:00:00.000Z', address: '', network: '', what: 'a secret', text: HOOK };
    writeFileSync(join(app.folder, 'arrived-asana-waiting-taken'), JSON.stringify(line));
    expect(takeArrived(app.folder, 'asana-waiting')).toEqual([line]);
    expect(takeArrived(app.folder, 'asana-waiting')).toEqual([]);
  });

  test('of one network only so many are kept, and the rest is turned away', async () => {
    const bring = (key: string) =>
      send('POST', 'sfmc', {}, JSON.stringify({ callbackId: 'c', verificationKey: key }));
    for (const key of ['1', '2', '3', '4', '5', '5']) expect((await bring(key)).status).toBe(200);
    expect(await bring('6')).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(takeArrived(app.folder, 'sfmc').map(({ text }) => text)).toEqual([
      'c 1',
      'c 2',
      'c 3',
      'c 4',
      'c 5',
    ]);
    expect((await bring('6')).status).toBe(200);
  });
});

test('the clock of this machine may be set back: who asks for a MAC is answered all the same', async () => {
  const ask = () => send('GET', 'braintree?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53');
  expect((await ask()).status).toBe(200);
  const { now } = Date;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  expect((await ask()).status).toBe(200);
  clock.mockRestore();
});

describe('a ping', () => {
  test('WooCommerce’s has no signature, and must be one field alone', async () => {
    expectText(await send('POST', 'woocommerce', {}, 'webhook_id=7'), '', 'woocommerce');
    for (const body of ['webhook_id=x', 'webhook_id=7&webhook_id=8', '', '{"webhook_id":7}'])
      expect((await send('POST', 'woocommerce', {}, body)).status).toBe(401);
    const wrong = { 'X-WC-Webhook-Signature': opensslMac('other', 'webhook_id=7').toString('base64') };
    expect((await send('POST', 'woocommerce', wrong, 'webhook_id=7')).status).toBe(401);
  });

  test('Slack’s for a slash command has no signature, and says what it is', async () => {
    const before = app.bodiesOf('slack');
    const answer = await send('POST', 'slack', {}, 'token=gIkuvaNzQIHg97ATvDxqgjtO&ssl_check=1');
    expect(answer).toMatchObject({ status: 200, body: '' });
    for (const body of ['ssl_check=0', 'ssl_check=1&ssl_check=1', '{"ssl_check":1}', 'text=ssl_check%3D1'])
      expect((await send('POST', 'slack', {}, body)).status).toBe(401);
    expect(app.bodiesOf('slack')).toEqual(before);
  });

  test('a field that must not be there is there twice as well', async () => {
    expectText(await send('POST', 'ping', {}, 'ping=1'), '', 'ping');
    for (const body of ['ping=1&event=a', 'ping=1&event=a&event=b'])
      expect((await send('POST', 'ping', {}, body)).status).toBe(401);
  });

  test('no byte of an unsigned body is asked for, and none read that is long or of unknown length', async () => {
    const wire = await openWire(app.port);
    wire.write(bytesOf('POST', '/webhooks/woocommerce', { Expect: '100-continue', 'Content-Length': '12' }));
    expect((await wire.answer()).status).toBe(401);
    expect(wire.text()).not.toContain('100 Continue');
    wire.close();
    const chunked = bytesOf(
      'POST',
      '/webhooks/woocommerce',
      { 'Transfer-Encoding': 'chunked' },
      'c\r\nwebhook_id=7\r\n0\r\n\r\n',
    );
    expect((await ask(app.port, chunked)).status).toBe(401);
    const long = await openWire(app.port);
    long.write(bytesOf('POST', '/webhooks/woocommerce', { 'Content-Length': '4097' }));
    expect((await long.answer()).status).toBe(401);
    long.close();
  });

  test('a body that comes late does not hold up the others on its connection', async () => {
    const wire = await openWire(app.port);
    wire.write(bytesOf('POST', '/webhooks/woocommerce', { 'Content-Length': '12' }));
    wire.write('webhook_');
    wire.write(`id=7${bytesOf('GET', '/webhooks/onfleet?check=next')}`);
    expect((await wire.answer(2)).body).toBe('next');
    expect(wire.answers().map(({ status }) => status)).toEqual([200, 200]);
    wire.close();
  });

  test('Intercom’s HEAD has no body', async () => {
    const wire = await openWire(app.port);
    wire.write(bytesOf('HEAD', '/webhooks/intercom'));
    expect(await wire.answer()).toMatchObject({ status: 200, body: '' });
    expect(answersIn(wire.text())).toHaveLength(1);
    wire.close();
    expect((await send('GET', 'intercom')).status).toBe(405);
  });
});

describe('the answer for an event', () => {
  test.each([
    ['xero', '{"events":[],"entropy":"S0m3r4Nd0mt3xt"}', 200, '', 'text/plain; charset=utf-8'],
    [
      'shiphero',
      '{"webhook_type":"Shipment Update"}',
      200,
      '{"code":"200","Status":"Success"}',
      'application/json',
    ],
    ['discord', '{"version":1,"type":1,"event":{"type":"ENTITLEMENT_CREATE"}}', 204, '', undefined],
  ])(
    '%s gets its own, once the event is on disk, and for a duplicate too',
    async (source, body, status, text, type) => {
      for (const _ of ['new', 'duplicate']) {
        const answer = await send('POST', source, SIGNED[source]?.(body), body);
        expect(answer).toMatchObject({ status, body: text });
        expect(answer.headers['content-type']).toBe(type);
        expect(app.bodiesOf(source)).toEqual([Buffer.from(body)]);
      }
      const wrong = await send('POST', source, SIGNED[source]?.(`${body} `), body);
      expect(wrong).toMatchObject({ status: 401, headers: { 'content-type': 'application/problem+json' } });
    },
  );
});

describe('a datum that is wrong is a problem at the start', () => {
  const flawsOf = (handshake: object, form: object = HMAC) =>
    presetFlaws(custom({ name: 'acme', forms: [form as typeof HMAC], handshakes: [handshake as never] })).map(
      ({ wrong }) => wrong,
    );
  const GET = { method: 'GET', 'query:a': /^\w{1,9}$/ };
  const MADE = { algorithm: 'hmac-sha256', encoding: 'hex', of: '{query:a}' };
  test.each([
    ['no answer', { when: GET }, 'is not {'],
    ['a misspelt placeholder', { when: GET, answer: { text: '{querry:a}' } }, 'has {querry:a}, whose form'],
    ['one whose form is not said', { when: GET, answer: { text: '{query:b}' } }, 'has {query:b}, whose form'],
    [
      'an echo in a header without a form',
      { when: { 'header:B': 'b' }, answer: { headers: { B: '{header:B}' } } },
      'whose form',
    ],
    ['a form that is not whole', { when: { 'query:a': /\w+/ }, answer: {} }, 'from ^ to $'],
    ['one with a dollar for its end', { when: { 'query:a': /^\w\$/ }, answer: {} }, 'from ^ to $'],
    ['one that takes either case', { when: { 'query:a': /^\w$/i }, answer: {} }, 'from ^ to $'],
    ['a number', { when: { 'member:a': 1 }, answer: {} }, 'from ^ to $'],
    ['an unknown place', { when: { 'cookie:a': 'b' }, answer: {} }, 'names cookie:a'],
    ['a method that stores', { when: { method: 'PUT' }, answer: {} }, 'has a method'],
    ['every POST', { when: {}, answer: {} }, 'would take every request'],
    [
      'every POST without a member',
      { when: { 'member:a': null }, signed: true, answer: {} },
      'would take every request',
    ],
    ['a signed GET', { when: GET, signed: true, answer: {} }, 'only a POST has'],
    ['a redirect', { when: GET, answer: { status: 302 } }, 'answers 302'],
    [
      'a header of ours',
      { when: GET, answer: { headers: { 'Content-Type': 'text/html' } } },
      'writes the header Content-Type',
    ],
    [
      'a digest of what everybody knows',
      { when: GET, made: { ...MADE, algorithm: 'digest-sha256' }, answer: {} },
      'without {secret:x}',
    ],
    [
      'a hash of no kind',
      { when: GET, made: { ...MADE, algorithm: 'md5' }, answer: {} },
      'makes neither a MAC',
    ],
    [
      'a MAC in no digits',
      { when: GET, made: { ...MADE, encoding: 'hexx' }, answer: {} },
      'makes neither a MAC',
    ],
    ['a secret that is told', { when: GET, answer: { text: '{secret:x}' } }, 'has {secret:x}, whose form'],
    [
      'a secret in a MAC, which anybody could try out',
      { when: GET, made: { ...MADE, of: '{secret:x}' }, answer: { text: '{made}' } },
      'has {secret:x}, whose form',
    ],
    [
      'the secret of events',
      { when: GET, answer: { text: '{setting:webhookSecret}' } },
      'names a setting by which events are proven',
    ],
    [
      'a digest with the secret of events',
      {
        when: GET,
        made: { ...MADE, algorithm: 'digest-sha256', of: '{query:a}{secret:jwt_secret}' },
        answer: {},
      },
      'names a setting by which events are proven',
    ],
    [
      'signatures of what is nearly the challenge',
      { when: GET, made: { ...MADE, of: '.query:a.' }, answer: { text: '{made}' } },
      'makes signatures for everybody',
    ],
    [
      'signatures for everybody',
      { when: GET, made: MADE, answer: { text: '{made}' } },
      'makes signatures for everybody',
    ],
  ])('%s', (_, handshake, wrong) => {
    expect(flawsOf(handshake).join()).toContain(wrong);
  });

  test('a form that refuses what the handshake signs makes it sound', () => {
    const handshake = { when: GET, made: MADE, answer: { text: '{made}' } };
    expect(flawsOf(handshake, { ...HMAC, unlike: /^\w{1,9}$/ })).toEqual([]);
    expect(flawsOf(handshake, { ...HMAC, unlike: /^\w{1,8}$/ })).toHaveLength(1);
  });
});
