/** `consignee send`: genuine deliveries to a running service, and words for what stands in their way. */
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import type { RunningService } from '../harness/service.ts';

const { folder, consignee } = useFolder();
const ALL = ['FLEXPORT', 'SHIPPO', 'FLINTN', 'FLATFILE'];
const secrets = Object.fromEntries(ALL.map((source) => [`${source}_WEBHOOK_SECRET`, SECRET]));

let service: RunningService;
let env: Record<string, string>;
let before: number;
beforeAll(async () => {
  service = await openService();
  env = { ...secrets, PORT: String(service.port) };
});
afterAll(() => service.stop());
beforeEach(() => {
  before = service.events().length;
});
const arrived = () => service.events().slice(before);

test('a sample of a source is taken by the service of the same settings', async () => {
  const { code, output } = await consignee(['send', 'shippo'], env);
  expect(code).toBe(0);
  expect(output).toMatch(
    /^shippo {4}track-updated +200 {2}\{"status":"accepted","id":"evt_\w+"\} {2}[\d.]+ ms\n$/,
  );
  expect(arrived()).toMatchObject([{ source: 'shippo', type: 'track_updated', held: null }]);
  expect(output).toContain(String(service.sql('SELECT id FROM events ORDER BY id DESC LIMIT 1')[0]?.id));
});

test('--all sends one of each source that is on', async () => {
  const { code, output } = await consignee(['send', '--all'], env);
  expect(code).toBe(0);
  expect(output.trim().split('\n')).toHaveLength(4);
  expect(arrived().map(({ source }) => source)).toEqual(['flexport', 'shippo', 'flintn', 'flatfile']);
  const { FLINTN_WEBHOOK_SECRET, ...others } = env;
  expect((await consignee(['send', '--all'], others)).output.trim().split('\n')).toHaveLength(3);
});

test('--all skips those to which nobody here can send, and says why', async () => {
  mkdirSync(join(folder, 'config'));
  const names = `import { custom, log, presets } from '${join(ROOT, 'src/consignee.ts')}';\n`;
  const form = "{ in: { header: 'X-Own' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' }";
  const own = `custom({ name: 'own', forms: [${form}], id: [], type: [] })`;
  const sources = [own, 'presets.shipengine', 'presets.asana', 'presets.shippo'].map(
    (preset) => `{ preset: ${preset}, handlers: { log } }`,
  );
  writeFileSync(join(folder, 'config/sources.ts'), `${names}export default [${sources}];\n`);
  const settings = {
    ...env,
    OWN_WEBHOOK_SECRET: SECRET,
    SHIPENGINE_VERIFY: 'signature',
    ASANA_VERIFY: 'handshake',
  };
  const { code, output } = await consignee(['send', '--all', '--config', 'config'], settings);
  expect(code, output).toBe(0);
  expect(output).toMatch(/^own {9}skipped: it has no sample$/m);
  expect(output).toMatch(
    /^shipengine {2}skipped: the provider alone has the key that signs; have it send a test$/m,
  );
  expect(output).toMatch(/^asana {7}skipped: it waits for the secret that its provider sends$/m);
  expect(output).toMatch(/^shippo .* 200 /m);
  const alone = await consignee(['send', 'own', '--config', 'config'], settings);
  expect(alone.code).toBe(64);
  expect(alone.output).toContain(
    'own has no sample: name a file with a body as it sends them (JSON, a form, XML) with --file BODY',
  );
  const { output: off } = await consignee(
    ['send', 'own', '--file', 'config/sources.ts', '--config', 'config'],
    settings,
  );
  expect(off).toMatch(/ 404 .*\. Has the service been started since the source was added\?/);
  expect(arrived().map(({ source }) => source)).toEqual(['shippo']);
  rmSync(join(folder, 'config'), { recursive: true });
});

test('in a folder that is no project it says so, and nothing of a start', async () => {
  const { code, output } = await consignee(['send', 'shippo', '--config', 'nowhere'], env);
  expect(code).toBe(78);
  expect(output).toMatch(
    /^consignee send cannot go on:\n\n {2}--config names .*nowhere, where there is no sources\.ts/,
  );
});

test('--sample chooses one, and a wrong name lists them', async () => {
  const { code } = await consignee(['send', 'flintn', '--sample', 'subscription-renewed'], env);
  expect(code).toBe(0);
  expect(arrived()).toMatchObject([{ source: 'flintn', held: null }]);
  expect(arrived()[0]?.body.toString()).toContain('SUBSCRIPTION_RENEWED');
  const wrong = await consignee(['send', 'flintn', '--sample', 'nothing'], env);
  expect(wrong).toMatchObject({ code: 64, output: expect.stringContaining('transaction-settled') });
});

test('--count sends so many, each an event of its own', async () => {
  const { code, output } = await consignee(['send', 'flexport', '--count', '5'], env);
  expect([code, output.match(/"accepted"/g)?.length]).toEqual([0, 5]);
  expect(new Set(arrived().map(({ external_id }) => external_id)).size).toBe(5);
});

test('--file sends its bytes as they are, twice a duplicate', async () => {
  const file = join(folder, 'body.json');
  writeFileSync(file, ' {"id": 12345678901234567890,\n "type":"mine"} ');
  const { code, output } = await consignee(['send', 'flexport', '--file', file, '--count', '2'], env);
  expect(code).toBe(0);
  expect(output).toMatch(/accepted[\s\S]*duplicate/);
  expect(arrived().map(({ body }) => body.toString())).toEqual([
    ' {"id": 12345678901234567890,\n "type":"mine"} ',
  ]);
});

test('--to reaches another receiver, behind a prefix too, and says what a URL is', async () => {
  const { PORT, ...others } = env;
  const { code } = await consignee(['send', 'shippo', '--to', service.url], others);
  expect(code).toBe(0);
  expect(arrived()).toHaveLength(1);
  const asked: string[] = [];
  const proxy = createServer(async (request, response) => {
    asked.push(request.url as string);
    const path = (request.url as string).replace('/in/here', '');
    const headers = { 'shippo-auth-signature': String(request.headers['shippo-auth-signature']) };
    const passed = await fetch(service.url + path, { method: 'POST', headers, body: await text(request) });
    response.writeHead(passed.status).end(await passed.text());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  for (const prefix of ['/in/here', '/in/here/?key=1']) {
    const sent = await consignee(['send', 'shippo', '--to', `http://127.0.0.1:${port}${prefix}`], others);
    expect(sent.code, sent.output).toBe(0);
  }
  expect(asked).toEqual(['/in/here/webhooks/shippo', '/in/here/webhooks/shippo?key=1']);
  expect(arrived()).toHaveLength(3);
  const wrong = await consignee(['send', 'shippo', '--to', 'hooks.example.com'], others);
  expect(wrong).toMatchObject({
    code: 64,
    output: expect.stringContaining('--to is hooks.example.com; use a URL, as in https://'),
  });
});

test('samples are about a parcel of their own, unless --set names it', async () => {
  await consignee(['send', 'shippo', '--count', '2'], env);
  await consignee(['send', 'shippo', '--sample', 'transaction-created'], env);
  const bodies = () => arrived().map(({ body }) => JSON.parse(body.toString()));
  const numbers = bodies().map(({ data }) => data.tracking_number);
  expect(new Set(numbers).size).toBe(3);
  for (const number of numbers) expect(number).toMatch(/^92055901649173\d{8}$/);
  expect(bodies()[2].data.tracking_url_provider).toContain(numbers[2]);
  const set = [
    '--set',
    'data.tracking_number=1Z=9',
    '--set',
    'test=false',
    '--set',
    'data.messages=["late"]',
  ];
  expect((await consignee(['send', 'shippo', ...set], env)).code).toBe(0);
  expect(bodies()[3]).toMatchObject({ test: false, data: { tracking_number: '1Z=9', messages: ['late'] } });
});

test.each([
  ['data.tracking_numbr=1', /has no data\.tracking_numbr: in data there is carrier, tracking_number, /],
  [
    'dta.tracking_number=1',
    /shippo's track-updated has no dta\.tracking_number: at its top there is event, test/,
  ],
  ['data.carrier.name=1', /has no data\.carrier\.name: data\.carrier is a text/],
  ['test=maybe', /test of shippo's track-updated is a boolean, and maybe is not/],
  ['data.messages=late', /data\.messages of shippo's track-updated is a list, and late is not/],
  ['data.tracking_number', /--set is data\.tracking_number; use MEMBER=VALUE/],
  ['__proto__.x=1', /has no __proto__\.x: at its top/],
])('--set %s is refused, and nothing is sent', async (set, words) => {
  const { code, output } = await consignee(['send', 'shippo', '--set', set], env);
  expect([code, output]).toEqual([64, expect.stringMatching(words)]);
  expect(arrived()).toEqual([]);
});

test('--set changes no file', async () => {
  const { code, output } = await consignee(['send', 'shippo', '--file', 'x.json', '--set', 'a=1'], env);
  expect([code, output]).toEqual([64, expect.stringContaining('--file sends its bytes as they are')]);
});

test('a source may prove itself by token and JWT as well', async () => {
  const all = {
    FLATFILE_WEBHOOK_SECRET: SECRET,
    FLATFILE_WEBHOOK_TOKEN: 'token/with+signs=that&need?encoding#here',
    FLATFILE_JWT_SECRET: `${SECRET}-for-tokens`,
  };
  const other = await openService({ env: all });
  const { code, output } = await consignee(['send', 'flatfile'], { ...all, PORT: String(other.port) });
  expect([code, output]).toEqual([0, expect.stringContaining('accepted')]);
  expect(other.events()).toHaveLength(1);
  await other.stop();
});

test('any other answer than 200 is shown and makes the exit code 1', async () => {
  const wrong = { ...env, SHIPPO_WEBHOOK_SECRET: 'another-secret-that-the-service-has-not' };
  const { code, output } = await consignee(['send', '--all'], wrong);
  expect(code).toBe(1);
  expect(output.match(/ 200 /g)).toHaveLength(3);
  expect(output).toMatch(/^shippo .* 401 /m);
  expect(arrived().map(({ source }) => source)).toEqual(['flexport', 'flintn', 'flatfile']);
});

test('where nothing listens the way to start it is named', async () => {
  const gone = await openService();
  await gone.stop();
  const { code, output } = await consignee(['send', 'shippo'], { ...env, PORT: String(gone.port) });
  expect(code).toBe(1);
  expect(output).toContain(`nothing listens at http://127.0.0.1:${gone.port}: is \`npm run dev\` running?`);
  expect(arrived()).toEqual([]);
});

test('mistakes are named before anything is sent', async () => {
  const off = { SHIPPO_WEBHOOK_SECRET: SECRET, PORT: String(service.port) };
  const cases: [string[], Record<string, string>, string][] = [
    [['send'], env, 'name a source'],
    [['send', 'fedex'], env, 'name a source'],
    [['send', 'shippo', 'fedex'], env, 'name a source'],
    [['send', 'flexport'], off, 'flexport is off; those that are on: shippo'],
    [['send', 'shippo'], {}, 'is off; those that are on: none'],
    [['send', '--all'], {}, 'none: set a secret first'],
    [['send', 'shippo', '--count', '0'], env, '--count wants a whole number'],
    [['send', 'shippo', '--count', 'many'], env, '--count wants a whole number'],
  ];
  for (const [args, settings, says] of cases) {
    expect(await consignee(args, settings)).toMatchObject({
      code: 64,
      output: expect.stringContaining(says),
    });
  }
  expect(arrived()).toEqual([]);
});

test('a file that is not there and an address that is none are mistakes too', async () => {
  const missing = await consignee(['send', 'shippo', '--file', 'no-such-file'], env);
  expect(missing).toMatchObject({ code: 1, output: expect.stringContaining('no-such-file') });
  const nowhere = await consignee(['send', 'shippo', '--to', 'nowhere'], env);
  expect(nowhere.code).not.toBe(0);
  for (const { output } of [missing, nowhere]) expect(output).not.toMatch(/\n\s+at /);
  expect(arrived()).toEqual([]);
});
