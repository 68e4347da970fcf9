/** Who may use the console, and for what: tokens, sessions, an application's own decision, and pages of other sites. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LoginLimit } from '../../../src/serve/console/login.ts';
import { startConsole, type TestConsole } from '../../harness/console.ts';

const TOKEN = 'the-token-of-who-may-act-0123456789abcdef';
const READ = 'the-token-of-who-may-look-0123456789abcdef';
const HTML = { Accept: 'text/html' };

let locked: TestConsole;
let open: TestConsole;
beforeAll(async () => {
  [locked, open] = await Promise.all([
    startConsole({ tokens: { act: [TOKEN], read: [READ] } }),
    startConsole(),
  ]);
});
afterAll(() => Promise.all([locked.close(), open.close()]));

type Headers = Record<string, string>;
const send = (of: TestConsole, method: string, path: string, headers: Headers = {}, body?: string) =>
  fetch(`${of.url}${path}`, { method, headers, redirect: 'manual', ...(body !== undefined && { body }) });
const form = (of: TestConsole, path: string, fields: Headers, headers: Headers = {}) =>
  send(
    of,
    'POST',
    path,
    { ...HTML, Origin: of.url, 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    new URLSearchParams(fields).toString(),
  );

async function logIn(token: string, who = ''): Promise<string> {
  const answer = await form(locked, '/login', { given: token, who, to: '/' });
  expect(answer.status).toBe(303);
  return String(answer.headers.get('set-cookie')?.split(';')[0]);
}

/** Every writing route of the router itself, so that none can be forgotten. */
function writingPaths(of: TestConsole): string[] {
  const stack = of.app.router.stack as unknown as {
    route?: { path: string; methods: Record<string, boolean> };
  }[];
  const writes = stack.flatMap(({ route }) => (route && !route.methods.get ? [route.path] : []));
  return writes
    .filter((path) => !['/login', '/logout'].includes(path))
    .map((path) => path.replaceAll(/:\w+/g, '1'));
}

describe('a session', () => {
  test('begins with a token, and its cookie is for this host and no script', async () => {
    const answer = await form(locked, '/login', { given: TOKEN, who: 'anna', to: '/status?x=1' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, './status?x=1']);
    const cookie = String(answer.headers.get('set-cookie'));
    expect(cookie).toMatch(/^consignee=.*; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    const shown = await send(locked, 'GET', '/', { ...HTML, Cookie: String(cookie.split(';')[0]) });
    expect(shown.status).toBe(200);
    expect(await shown.text()).toContain('anna');
  });

  test('over TLS its cookie is kept to TLS', async () => {
    const answer = await form(locked, '/login', { given: TOKEN }, { 'X-Forwarded-Proto': 'https' });
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-consignee=.*; Secure$/);
  });

  test('ends with the token, and with nothing else of it changed', async () => {
    const cookie = await logIn(TOKEN);
    const look = async (value = cookie) =>
      (await send(locked, 'GET', '/', { ...HTML, Cookie: value })).status;
    expect(await look()).toBe(200);
    const [value = ''] = cookie.split('=').slice(1);
    const [until, who, mac] = value.split('.');
    expect(await look(`consignee=${Number(until) + 1}.${who}.${mac}`)).toBe(401);
    expect(await look(`consignee=${until}.${Buffer.from('ben').toString('base64url')}.${mac}`)).toBe(401);
    expect(await look(`consignee=${until}.${who}.${mac?.slice(0, -2)}AA`)).toBe(401);
    locked.setTokens({ act: [`${TOKEN}-new`, TOKEN], read: [READ] });
    expect(await look()).toBe(200);
    locked.setTokens({ act: [`${TOKEN}-new`], read: [READ] });
    expect(await look()).toBe(401);
    locked.setTokens({ act: [TOKEN], read: [READ] });
  });

  test('is over at the logout', async () => {
    const answer = await form(locked, '/logout', {}, { Cookie: await logIn(TOKEN) });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, './login']);
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0');
  });

  test('is asked for with the page that was wanted, and programs are told in JSON', async () => {
    const asked = await send(locked, 'GET', '/events/x?state=dead', HTML);
    expect(asked.status).toBe(401);
    const text = await asked.text();
    expect(text).toContain('action="../login"');
    expect(text).toContain('value="/events/x?state=dead"');
    expect(await (await send(locked, 'GET', '/')).json()).toMatchObject({ status: 401 });
  });

  test.each(['https://evil.example/', '//evil.example', '/../x', 'javascript:alert(1)', '/\\evil'])(
    'never leads away from here: %s',
    async (to) => {
      const answer = await form(locked, '/login', { given: TOKEN, to });
      expect(answer.headers.get('location')).toBe('./');
    },
  );

  test('takes no guesses without end', () => {
    const limit = new LoginLimit();
    for (let at = 0; at < 10; at++) {
      expect(limit.waitOf('10.0.0.1', 1_000 + at)).toBe(0);
      limit.noteWrong('10.0.0.1', 1_000 + at);
    }
    expect(limit.waitOf('10.0.0.1', 2_000)).toBe(59);
    expect(limit.waitOf('10.0.0.2', 2_000)).toBe(0);
    expect(limit.waitOf('10.0.0.1', 62_000)).toBe(0);
  });
});

test('a wrong token is refused, in words, and again and again only so often', async () => {
  const other = await startConsole({ tokens: { act: [TOKEN] } });
  const status = async () => (await form(other, '/login', { given: 'wrong' })).status;
  for (let at = 0; at < 10; at++) expect(await status()).toBe(401);
  const last = await form(other, '/login', { given: TOKEN });
  expect([last.status, Number(last.headers.get('retry-after')) > 0]).toEqual([429, true]);
  await other.close();
});

describe('who may only look', () => {
  test('sees pages and metrics, and gets 403 on every writing route', async () => {
    const paths = writingPaths(locked);
    expect(paths).toEqual(
      expect.arrayContaining(['/orders', '/actions', '/actions/1/cancel', '/pauses', '/recheck', '/rescue']),
    );
    const cookie = await logIn(READ);
    expect((await send(locked, 'GET', '/', { ...HTML, Cookie: cookie })).status).toBe(200);
    expect((await send(locked, 'GET', '/metrics', { Authorization: `Bearer ${READ}` })).status).toBe(200);
    for (const path of paths) {
      expect([path, (await form(locked, path, {}, { Cookie: cookie })).status]).toEqual([path, 403]);
      const json = { Authorization: `Bearer ${READ}`, 'Content-Type': 'application/json' };
      expect([path, (await send(locked, 'POST', path, json, '{}')).status]).toEqual([path, 403]);
    }
  });
});

describe('a page of another site', () => {
  test.each([
    ['says so itself', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['is a neighbour', { 'Sec-Fetch-Site': 'same-site' }],
    ['has another origin', { Origin: 'http://evil.example' }],
    ['has none', { Origin: 'null' }],
    ['lies on another port of this host', { Origin: 'http://127.0.0.1:1' }],
  ])('that %s writes nothing', async (_name, headers) => {
    for (const path of writingPaths(open)) {
      expect([path, (await form(open, path, { inbox: 'x' }, headers as Headers)).status]).toEqual([
        path,
        403,
      ]);
    }
    expect((await form(locked, '/login', { given: TOKEN }, headers as Headers)).status).toBe(403);
  });

  test('that reached us by a name of its own sees nothing where there are no tokens', async () => {
    const { port } = new URL(open.url);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) =>
      request({ port, host: '127.0.0.1', path: '/', headers: { Host: 'evil.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).end(),
    );
    expect(status).toBe(403);
  });
});

test('an application that has the console within itself decides on its own, under any path', async () => {
  const { default: express } = await import('express');
  const own = await startConsole({
    access: ({ headers }) => (headers['x-user'] ? { may: 'read', who: String(headers['x-user']) } : 'none'),
  });
  const outer = express().use('/ops/webhooks', own.app);
  const server = outer.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const get = (path: string, headers: Headers) =>
    fetch(`${base}${path}`, { headers: { ...HTML, ...headers }, redirect: 'manual' });
  expect((await get('/ops/webhooks/', {})).status).toBe(403);
  const sent = await get('/ops/webhooks?a=b', { 'X-User': 'carla' });
  expect([sent.status, sent.headers.get('location')]).toEqual([308, 'webhooks/?a=b']);
  const shown = await get('/ops/webhooks/', { 'X-User': 'carla' });
  const text = await shown.text();
  expect(text).toContain('carla (may look)');
  expect(text).not.toMatch(/(href|src|action)="(\/|http)/);
  const [, css] = /href="\.\/(assets\/[^"]+\.css)"/.exec(text) ?? [];
  expect((await get(`/ops/webhooks/${css}`, {})).status).toBe(200);
  expect((await get('/ops/webhooks/login', { 'X-User': 'carla' })).status).toBe(404);
  server.closeAllConnections();
  server.close();
  await own.close();
});

test('nothing stands in a page itself, and nothing comes from elsewhere', async () => {
  const { headers } = await send(open, 'GET', '/', HTML);
  const policy = String(headers.get('content-security-policy')).split(';').sort();
  expect(policy).toEqual([
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
  ]);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});
