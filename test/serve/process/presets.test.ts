/** Presets in the running service: `send` signs for each of them, and what nobody signs makes no event without a word. */
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signing } from '../../fixtures/presets/sources.ts';
import { runToEnd } from '../../harness/command.ts';
import { openService } from '../../harness/open-service.ts';
import { ROOT } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';

const CONFIG = join(ROOT, 'test/fixtures/presets');
const SECRET = Buffer.alloc(32, 'secret of the tests').toString('base64');
const HEX = 'ab'.repeat(32);
const settings = signing.map(({ name, forms }) => [
  `${name.toUpperCase().replaceAll('-', '_')}_WEBHOOK_SECRET`,
  forms[0]?.key === 'hex' ? HEX : name === 'standard-webhooks' ? `whsec_${SECRET}` : SECRET,
]);
const ENV = {
  ...Object.fromEntries(settings),
  ACME_WEBHOOK_SECRET: SECRET,
  PUBLIC_URL: 'https://hooks.example.com/in',
};

let service: RunningService;
beforeAll(async () => {
  service = await openService({ env: ENV, config: CONFIG });
});
afterAll(() => service.stop());

function countOf(source: string): number {
  return (
    service.sql<{ count: number }>('SELECT count(*) AS count FROM inbox WHERE source = ?', source)[0]
      ?.count ?? 0
  );
}

test('`send` delivers a genuinely signed sample of each', async () => {
  const names = signing.map(({ name }) => name);
  const { code, output } = await runToEnd(['send', ...names, '--to', service.url, '--config', CONFIG], {
    env: ENV,
  });
  const refused = output.split('\n').filter((line) => !/ 200 /.test(line) && line.trim() !== '');
  expect(refused).toEqual([]);
  expect(code).toBe(0);
  expect(names.length).toBeGreaterThanOrEqual(25);
  for (const name of names) expect([name, countOf(name)]).toEqual([name, 1]);
});

const BODY = '{"order":1}';

async function deliver(headers: Record<string, string>, query = '', signedQuery = query) {
  const signed = `POST /in/webhooks/acme${signedQuery}\n${BODY}`;
  const response = await fetch(`${service.url}/webhooks/acme${query}`, {
    method: 'POST',
    headers: { 'X-Acme-Mac': createHmac('sha256', SECRET).update(signed).digest('hex'), ...headers },
    body: BODY,
  });
  return [response.status, ((await response.json()) as { status: string | number }).status];
}

test('a captured delivery under other ids and types that nobody signs is told of, and held from the ninth on', async () => {
  const named = (id: string, type = 'orders/updated') => deliver({ 'X-Acme-Id': id, 'X-Acme-Topic': type });
  expect(await named('a')).toEqual([200, 'accepted']);
  expect(await named('a')).toEqual([200, 'duplicate']);
  // A provider may send one body of two types: neither is lost.
  expect(await named('a', 'orders/paid')).toEqual([200, 'accepted']);
  for (const id of ['b', 'c', 'd', 'e', 'f', 'g']) expect(await named(id)).toEqual([200, 'accepted']);
  for (const id of ['h', 'i']) expect(await named(id)).toEqual([200, 'accepted']);
  expect(await named('j', 'orders/cancelled')).toEqual([200, 'accepted']);
  const events = service.events().filter(({ source }) => source === 'acme');
  expect(events.map(({ external_id, type }) => `${external_id} ${type}`)).toEqual([
    'a orders/updated',
    'a orders/paid',
    ...['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((id) => `${id} orders/updated`),
    'j orders/cancelled',
  ]);
  expect(events.map(({ held }) => held !== null)).toEqual([...Array(8).fill(false), true, true, true]);
  const warned = () =>
    service.lines().filter(({ source, warning }) => source === 'acme' && warning !== undefined);
  await expect.poll(() => warned().length).toBe(7);
  expect(warned()[0]).toMatchObject({ level: 'warn', outcome: 'accepted' });
});

test('the signed URL is the registered one, to which a token may be added, whatever Host says', async () => {
  const before = countOf('acme');
  expect(await deliver({ 'X-Acme-Id': 'q' }, '?token=a1')).toEqual([200, 'accepted']);
  expect(await deliver({ 'X-Acme-Id': 'r' }, '?token=a2', '?token=a1')).toEqual([401, 401]);
  expect(await deliver({ 'X-Acme-Id': 's' }, '?a=1')).toEqual([401, 401]);
  expect(countOf('acme')).toBe(before + 1);
});
