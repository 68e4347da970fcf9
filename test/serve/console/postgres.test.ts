/** The pages on PostgreSQL, where replicas share an inbox: each answers, and says what the others know. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PAGES } from '../../../src/serve/console/pages.ts';
import { startConsole, type TestConsole } from '../../harness/console.ts';
import { type Database, freshDatabase } from '../../harness/postgres.ts';

let database: Database;
let console: TestConsole;
beforeAll(async () => {
  database = await freshDatabase();
  console = await startConsole({ database: database.url });
});
afterAll(async () => {
  await console.close();
  await database.drop();
});

const get = async (path: string, headers = {}) => await fetch(`${console.url}${path}`, { headers });

test.each(PAGES.filter(({ path }) => !/:|confirm/.test(path)))('$path answers', async ({ path }) => {
  for (const headers of [{ Accept: 'text/html' }, {}]) {
    const answer = await get(path, headers);
    expect([answer.status, await answer.text()]).toEqual([200, expect.not.stringContaining('undefined')]);
  }
});

test('a pause and an action are seen on the pages, with who ordered them', async () => {
  const { inbox } = (await (await get('/status')).json()) as { inbox: string };
  const post = (path: string, body: object) =>
    fetch(`${console.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ inbox, who: 'anna', ...body }),
    });
  const pause = { verb: 'pause', name: 'shippo/log', reason: 'it moves' };
  expect((await post('/pauses', pause)).status).toBe(200);
  const { handlers } = (await (await get('/handlers')).json()) as { handlers: { handler: string }[] };
  expect(handlers.find(({ handler }) => handler === 'shippo/log')).toMatchObject({
    paused: { name: 'shippo/log', who: 'anna', reason: 'it moves' },
  });
  expect((await post('/actions', { verb: 'discard', selection: { state: 'dead' } })).status).toBe(200);
  const { actions } = (await (await get('/actions')).json()) as { actions: { verb: string; who: string }[] };
  expect(actions.map(({ verb, who }) => [verb, who])).toEqual([
    ['discard', 'anna'],
    ['pause', 'anna'],
  ]);
  const { replicas, isShared } = (await (await get('/about')).json()) as Record<string, unknown>;
  expect([isShared, replicas]).toEqual([
    true,
    [{ name: expect.any(String), heartbeats: expect.any(Number) }],
  ]);
});
