/** Words that must never be seen again: not in the log, an answer, the metrics, or a stored header. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf } from '../../src/inbox/event-id.ts';
import { PAGES } from '../../src/serve/console/pages.ts';
import { openService } from '../harness/open-service.ts';
import type { RunningService } from '../harness/service.ts';
import { flexportHeaders, opensslMac, token } from '../harness/signing.ts';
import { ask, bytesOf, type Headers, raw } from '../harness/wire.ts';

const HMAC = 'canary-hmac-secret-31415926535897932384';
const RETIRED = 'canary-retired-secret-2718281828459045';
const TOKEN = 'canary-query-token-16180339887498948482';
const JWT = 'canary-jwt-secret-141421356237309504880';
const CONSOLE = 'canary-console-token-17320508075688772';
const SENDERS = 'canary-of-the-sender';

let service: RunningService;
let answers = '';
beforeAll(async () => {
  service = await openService({
    env: {
      FLEXPORT_WEBHOOK_SECRET: HMAC,
      FLEXPORT_WEBHOOK_SECRET_PREVIOUS: RETIRED,
      FLEXPORT_WEBHOOK_TOKEN: TOKEN,
      FLATFILE_JWT_SECRET: JWT,
      FLATFILE_WEBHOOK_SECRET: HMAC,
      CONSOLE_TOKEN: CONSOLE,
      LOG_LEVEL: 'trace',
    },
  });
});
afterAll(() => service.stop());

/** Headers in which proxies and clients repeat a URL or a credential. */
const TELLTALE: Headers = {
  Referer: `https://hooks.test/webhooks/flexport?token=${SENDERS}`,
  Origin: `https://${SENDERS}.test`,
  'X-Original-URI': `/webhooks/flexport?token=${SENDERS}`,
  'X-Original-URL': `/webhooks/flexport?token=${SENDERS}`,
  'X-Rewrite-URL': `/webhooks/flexport?token=${SENDERS}`,
  'X-Forwarded-Uri': `/webhooks/flexport?token=${SENDERS}`,
  'X-Request-Uri': `/webhooks/flexport?token=${SENDERS}`,
  'X-Envoy-Original-Path': `/webhooks/flexport?token=${SENDERS}`,
  'X-Query-String': `token=${SENDERS}`,
  'X-Forwarded-Request': `POST /webhooks/flexport?token=${SENDERS} HTTP/1.1`,
  'X-Named-Nowhere': SENDERS,
  Cookie: `session=${SENDERS}`,
  'Proxy-Authorization': `Basic ${SENDERS}`,
  'X-Api-Key': SENDERS,
  'X-Auth-Token': SENDERS,
  'X-Amz-Security-Token': SENDERS,
  'X-Access-Key': SENDERS,
  'X-Webhook-Secret': SENDERS,
};
const KEPT: Headers = { 'User-Agent': 'a-sender/1.0', 'X-Request-Id': 'kept-as-it-is' };

/** What a customer entrusted: outside development it is in the inbox alone. */
const CUSTOMERS = 'canary-of-a-customer';

const body = () => `{"id":"${randomUUID()}","type":"/a#b","topic":"a:b","note":"${CUSTOMERS}"}`;
const hex = (secret: string, text: string) => opensslMac(secret, text).toString('hex');

function flexport(query: string, text: string, more: Headers): string {
  return bytesOf('POST', `/webhooks/flexport${query}`, { ...TELLTALE, ...KEPT, ...more }, text);
}

test('no secret, token, MAC, Authorization or query shows anywhere, whatever the outcome', async () => {
  const canaries = [HMAC, RETIRED, TOKEN, JWT, CONSOLE, SENDERS, encodeURIComponent(SENDERS), CUSTOMERS];
  const text = body();
  const query = `?token=${TOKEN}&more=${SENDERS}`;
  const good = flexportHeaders(HMAC, text);
  const claims = `{"iat":${Math.floor(Date.now() / 1000)},${text.slice(1)}`;
  const jwt = token(JWT, claims);
  const spoilt = `${jwt.slice(0, -4)}AAAA`;
  const wrong = hex('some secret that is not ours at all', text);
  canaries.push(hex(HMAC, text), hex(RETIRED, text), wrong, jwt, spoilt, jwt.split('.')[2] ?? '');
  const flatfile = (authorization: string) =>
    bytesOf(
      'POST',
      `/webhooks/flatfile${query}`,
      { ...TELLTALE, ...good, Authorization: authorization },
      text,
    );

  const requests: [number, string][] = [
    [200, flexport(query, text, good)],
    [200, flexport(query, text, flexportHeaders(RETIRED, text))],
    [200, flatfile(`Bearer ${jwt}`)],
    [401, flatfile(`Bearer ${spoilt}`)],
    [401, flatfile(`Bearer ${SENDERS}`)],
    [401, flatfile(`Basic ${SENDERS}`)],
    [401, flexport('', text, good)],
    [401, flexport(`?token=${SENDERS}`, text, good)],
    [401, flexport(`?token=${TOKEN}x`, text, good)],
    [401, flexport(`?token=${TOKEN}&token=${TOKEN}`, text, good)],
    [401, flexport(`?token=${TOKEN}%zz`, text, good)],
    [401, flexport(query, text, {})],
    [401, flexport(query, text, { 'X-Hub-Signature-256': `sha256=${wrong}` })],
    [401, flexport(query, text, { 'X-Hub-Signature-256': SENDERS })],
    [401, flexport(query, text, { 'X-Hub-Signature': `sha1=${SENDERS}` })],
    [404, bytesOf('POST', `/webhooks/shippo${query}`, { ...TELLTALE, ...good }, text)],
    // The path of a 404 is in the log, so that a slip in a URL can be found; its query is not.
    [404, bytesOf('POST', `/webhooks/nowhere${query}`, { ...TELLTALE, ...good }, text)],
    [404, bytesOf('POST', `/webhooks/flexport${query}#${SENDERS}`, good, text)],
    [404, bytesOf('POST', `http://[nowhere${query}`, good, text)],
    [405, bytesOf('GET', `/webhooks/flexport${query}`, { ...TELLTALE, ...good })],
    [413, flexport(query, '', { ...good, 'Content-Length': '99999999' })],
    [415, flexport(query, text, { ...good, 'Content-Encoding': SENDERS })],
    [400, flexport(query, text, { ...good, 'X-Bad': `${SENDERS}\0` })],
    [431, flexport(query, text, { ...good, 'X-Large': SENDERS.repeat(4_000) })],
  ];
  for (const [status, bytes] of requests) {
    const answer = await ask(service.port, bytes);
    expect(answer.status).toBe(status);
    answers += `${JSON.stringify(answer)}\n`;
  }
  answers += await raw(service.port, flexport(query, text, good).slice(0, -4), 50);
  const headers = { Authorization: `Bearer ${CONSOLE}` };
  const metrics = await (await fetch(`http://127.0.0.1:${service.consolePort}/metrics`, { headers })).text();
  expect(metrics).toContain('consignee_requests_total');
  await service.line((line) => line.handler === 'flatfile/log' && line.outcome === 'done');

  const events = service.events();
  expect(events.map((event) => event.source)).toEqual(['flexport', 'flatfile']);
  const stored = service.sql('SELECT headers, address, type, external_id FROM inbox');
  const pages = await pagesOf(service);
  for (const canary of canaries) {
    expect(service.output()).not.toContain(canary);
    expect(answers).not.toContain(canary);
    expect(metrics).not.toContain(canary);
    // What a customer entrusted is what an operator looks at there.
    if (canary !== CUSTOMERS) expect(pages).not.toContain(canary);
    expect(JSON.stringify(stored)).not.toContain(canary);
  }
});

/** Every page of the console, as HTML and as JSON. */
async function pagesOf({ consolePort, events }: RunningService): Promise<string> {
  const ids = events().map(({ number }) => idOf(number));
  const paths = (PAGES as readonly { readonly path: string }[]).flatMap(({ path }) => {
    return path === '/events/:id' ? ids.flatMap((id) => [`/events/${id}`, `/events/${id}?verify=1`]) : [path];
  });
  let text = '';
  for (const path of paths) {
    for (const accept of ['text/html', 'application/json']) {
      const headers = { Authorization: `Bearer ${CONSOLE}`, Accept: accept };
      text += await (await fetch(`http://127.0.0.1:${consolePort}${path}`, { headers })).text();
    }
  }
  expect(text).toContain('the signature holds');
  return text;
}

test('what authenticates nobody is kept with the event', () => {
  for (const event of service.events()) {
    const names = Object.keys(JSON.parse(event.headers));
    expect(names).toEqual(expect.arrayContaining(['host', 'content-length']));
    for (const name of names) expect(name).not.toMatch(/signature|authorization|token|key|referer|uri|url/);
  }
  expect(JSON.parse(service.events()[0]?.headers ?? '')).toMatchObject({
    'user-agent': 'a-sender/1.0',
    'x-request-id': 'kept-as-it-is',
  });
});
