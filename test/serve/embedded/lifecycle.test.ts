/** A service within a process that is somebody else's: it starts, stops, and leaves nothing behind. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, createConsignee, flexport } from 'consignee';
import { mount } from 'consignee/express';
import express from 'express';
import { afterEach, expect, test } from 'vitest';
import { SECRET } from '../../harness/project.ts';
import { waitFor } from '../../harness/waiting.ts';
import { ask, bodyOf, openWire, signed } from '../../harness/wire.ts';
import { type Environment, type Host, makeHost, newFolder } from './host.ts';

const hosts: Host[] = [];
afterEach(() => Promise.all(hosts.splice(0).map((host) => host.remove())));

function newHost(...given: Parameters<typeof makeHost>): Host {
  const host = makeHost(...given);
  hosts.push(host);
  return host;
}

const send = (port: number, id: string) => ask(port, signed(SECRET, bodyOf(id)));

function listeners() {
  return Object.fromEntries(process.eventNames().map((name) => [name, process.listenerCount(name)]));
}

test('it listens to nothing of the process, and takes nothing of it', async () => {
  const [before, folder] = [listeners(), process.cwd()];
  const { consignee } = newHost();
  await consignee.start();
  expect(listeners()).toEqual(before);
  expect(process.cwd()).toBe(folder);
  await consignee.stop();
  expect(listeners()).toEqual(before);
});

test('it hears signals if it is asked to, reads the settings again, stops, and listens no more', async () => {
  const before = listeners();
  const { consignee, lines } = newHost({ signals: true });
  await consignee.start();
  process.emit('SIGHUP', 'SIGHUP');
  await waitFor(
    () => lines.some(({ message }) => message === 'settings read again'),
    20_000,
    () => JSON.stringify(lines),
  );
  process.emit('SIGTERM', 'SIGTERM');
  await consignee.stop();
  expect(consignee.state).toBe('stopped');
  expect(lines.filter(({ signal }) => signal === 'SIGTERM')).toHaveLength(1);
  expect(listeners()).toEqual(before);
});

test('ten of them, one after the other, leave no thread, no handle and no listener', async () => {
  const once = async () => {
    const host = makeHost();
    await host.consignee.start();
    const { port } = await host.consignee.listen({ host: '127.0.0.1', port: 0 });
    expect((await send(port, 'one')).status).toBe(200);
    await host.consignee.status();
    await host.remove();
  };
  const threads = () => readdirSync('/proc/self/task').length;
  const resources = () => Object.groupBy(process.getActiveResourcesInfo(), (name) => name);
  // The first opens what Node itself opens once.
  await once();
  const [before, held, heard] = [threads(), resources(), listeners()];
  for (let round = 0; round < 10; round++) await once();
  const more = () =>
    Object.entries(resources()).filter(([name, all = []]) => all.length > (held[name]?.length ?? 0));
  const left = () => [...(threads() > before ? [`${threads() - before} threads`] : []), ...more()];
  await waitFor(
    () => left().length === 0,
    20_000,
    () => JSON.stringify(left()),
  );
  expect(listeners()).toEqual(heard);
});

test('two live in one process, each with its own inbox, and none takes the inbox of another', async () => {
  const folder = newFolder();
  const [one, other, third] = [newHost({}, {}, folder), newHost(), newHost({}, {}, folder)];
  await Promise.all([one.consignee.start(), other.consignee.start()]);
  const place = { host: '127.0.0.1', port: 0 };
  const ports = [await one.consignee.listen(place), await other.consignee.listen(place)];
  for (const { port } of ports) expect((await send(port, `of ${port}`)).status).toBe(200);
  expect([one.bodies().length, other.bodies().length]).toEqual([1, 1]);
  const error = await third.consignee.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).problems).toMatchObject([{ setting: 'DATABASE_URL' }]);
  expect((error as ConfigError).message).toContain('which a running Consignee already owns');
  expect(third.consignee.state).toBe('stopped');
  const lines = (await one.consignee.metrics()).split('\n').filter((line) => line !== '');
  for (const line of lines) expect(line).toMatch(/^(# (HELP|TYPE) )?consignee_/);
  expect((await other.consignee.status()).isWell).toBe(true);
});

test('everything that is wrong with the settings is in one ConfigError, without the values', async () => {
  const { consignee } = newHost(
    {},
    { PORT: 'abc', FLEXPORT_WEBHOOK_SECRET: ' changeme', RETENTION_DAYS: 'x' },
  );
  const error = (await consignee.start().catch((reason: unknown) => reason)) as ConfigError;
  expect(error).toBeInstanceOf(ConfigError);
  const settings = error.problems.map(({ setting }) => setting);
  expect(settings).toEqual(expect.arrayContaining(['PORT', 'RETENTION_DAYS', 'FLEXPORT_WEBHOOK_SECRET']));
  expect(error.message).not.toContain('changeme');
});

test.each<[string, Parameters<typeof makeHost>[0], Environment, RegExp]>([
  ['knobs that are none', { service: { nothing: 1 } as never }, {}, /nothing/],
  ['handlers elsewhere, with SQLite', { handlers: 'elsewhere' }, {}, /handlers: 'elsewhere'/],
])('it does not start with %s', async (_what, options, env, says) => {
  await expect(newHost(options, env).consignee.start()).rejects.toThrow(says);
});

test.each<[string, object]>([
  ['a folder and sources', { config: 'config', sources: [] }],
  ['knobs beside a folder', { config: 'config', service: {} }],
  ['a thread for closures', { sources: [], handlers: 'thread' }],
])('%s are refused at once', (_what, options) => {
  expect(() => createConsignee(options)).toThrow(TypeError);
});

test('production is what nobody has called something else', async () => {
  const host = newHost({}, { NODE_ENV: '', SHUTDOWN_DELAY_MS: '0' });
  await host.consignee.start();
  const { port } = await host.consignee.listen({ host: '127.0.0.1', port: 0 });
  const answer = await send(port, 'plain');
  expect(answer.status).toBe(403);
  expect(answer.body).not.toContain('detail');
  expect(host.bodies()).toEqual([]);
});

test('it has its states in order; before and after, a request gets 503', async () => {
  const host = newHost();
  const { consignee } = host;
  const app = express();
  app.use(mount(consignee));
  const port = await host.serve(app);
  const expectUnavailable = async () => {
    const answer = await send(port, 'early');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
  };
  expect(consignee.state).toBe('made');
  expect(consignee.ready()).toBe(false);
  await expectUnavailable();
  await expect(consignee.listen()).rejects.toThrow('this consignee is made');
  const starting = consignee.start();
  expect(consignee.state).toBe('starting');
  await Promise.all([starting, consignee.start()]);
  expect([consignee.state, consignee.ready()]).toEqual(['serving', true]);
  expect((await send(port, 'now')).status).toBe(200);
  const stopping = consignee.stop();
  expect([consignee.state, consignee.ready()]).toEqual(['leaving', false]);
  await Promise.all([stopping, consignee.stop()]);
  expect(consignee.state).toBe('stopped');
  await expectUnavailable();
  await expect(consignee.start()).rejects.toThrow('make another one');
  expect(host.bodies()).toHaveLength(1);
});

test('a stop before the start is a stop, and one during the start ends it', async () => {
  const [never, cut] = [newHost(), newHost()];
  await never.consignee.stop();
  await expect(never.consignee.start()).rejects.toThrow('was stopped');
  const starting = cut.consignee.start().catch((error: Error) => error.message);
  await cut.consignee.stop();
  expect(await starting).toMatch(/stopped before it was ready|undefined/);
  expect(cut.consignee.state).toBe('stopped');
});

test('it ends where `await using` does', async () => {
  const { consignee } = newHost();
  {
    await using held = consignee;
    await held.start();
  }
  expect(consignee.state).toBe('stopped');
});

test('a stop waits for what has begun to come in by another’s server, and then takes nothing more', async () => {
  const host = newHost();
  await host.consignee.start();
  let begun = 0;
  const port = await host.serve((request, response) => {
    begun++;
    host.consignee.handle(request, response);
  });
  const bytes = signed(SECRET, bodyOf('half'));
  const wire = await openWire(port);
  wire.write(bytes.slice(0, -5));
  await expect.poll(() => begun).toBe(1);
  const stopping = host.consignee.stop({ delayMs: 0, graceMs: 20_000 });
  const taken: string[] = [];
  for (let status = 200; status === 200; ) {
    const id = `late-${taken.length}`;
    ({ status } = await send(port, id));
    if (status === 200) taken.push(bodyOf(id));
    else expect(status).toBe(503);
  }
  // Another one has time to live and die meanwhile.
  const { consignee: other } = newHost();
  await other.start();
  await other.stop();
  expect(host.consignee.state).toBe('leaving');
  wire.write(bytes.slice(-5));
  const answer = await wire.answer();
  expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
  await stopping;
  wire.close();
  expect(host.bodies()).toEqual([...taken, bodyOf('half')]);
});

test('changed settings are in force after a reload, and unusable ones change nothing', async () => {
  const env: Record<string, string> = {};
  const host = newHost({}, env);
  const { consignee } = host;
  await consignee.start();
  const { port } = await consignee.listen({ host: '127.0.0.1', port: 0 });
  const other = 'another-secret-that-is-long-enough';
  const settings = {
    NODE_ENV: 'test',
    DATABASE_URL: `sqlite:${join('x', 'y')}`,
    FLEXPORT_WEBHOOK_SECRET: other,
  };
  await consignee.reload(settings);
  expect((await send(port, 'old')).status).toBe(401);
  expect((await ask(port, signed(other, bodyOf('new')))).status).toBe(200);
  expect(host.lines).toContainEqual(expect.objectContaining({ setting: 'DATABASE_URL', level: 'warn' }));
  await expect(consignee.reload({ ...settings, PORT: 'x' })).rejects.toThrow(ConfigError);
  expect((await ask(port, signed(other, bodyOf('newer')))).status).toBe(200);
});

test('a folder’s handlers run in a thread, or here', async () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'config'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'config/sources.js'),
    `import { isMainThread } from 'node:worker_threads';
     import { flexport } from '${new URL('../../../src/consignee.ts', import.meta.url)}';
     const where = (event, { log }) => log.info({ isMainThread }, 'handled');
     export default [{ preset: flexport, handlers: { where } }];`,
  );
  for (const [handlers, isMainThread] of [
    ['thread', false],
    ['here', true],
  ] as const) {
    const host = makeHost({ config: new URL(`file://${folder}/config/`), handlers }, {}, join(folder));
    await host.consignee.start();
    const { port } = await host.consignee.listen({ host: '127.0.0.1', port: 0 });
    expect((await send(port, handlers)).status).toBe(200);
    const line = await waitFor(
      () => host.lines.find(({ message }) => message === 'handled'),
      20_000,
      () => JSON.stringify(host.lines),
    );
    expect(line).toMatchObject({ isMainThread, handler: 'flexport/where' });
    await host.consignee.stop();
  }
  rmSync(folder, { recursive: true });
});

test('a closure’s mistakes are tried again, and its events are found, shown, handed over and given up', async () => {
  let isBroken = true;
  const seen: string[] = [];
  const orders = (event: { readonly id: string }) => {
    if (isBroken) throw new Error('the pool is empty');
    seen.push(event.id);
  };
  const { consignee } = newHost({
    sources: [{ preset: flexport, handlers: { orders: { handle: orders, maxAttempts: 1 } } }],
  });
  await consignee.start();
  const { port } = await consignee.listen({ host: '127.0.0.1', port: 0 });
  for (const id of ['a', 'b', 'c']) await send(port, id);
  const dead = async () => await consignee.events.list({ state: 'dead' });
  await expect.poll(async () => (await dead()).total.count).toBe(3);
  const page = await consignee.events.list({ source: 'flexport' }, { limit: 2 });
  expect(page.events.map(({ externalId }) => externalId)).toEqual(['c', 'b']);
  const rest = await consignee.events.list({ source: 'flexport' }, { before: String(page.next) });
  expect(rest).toMatchObject({ events: [{ externalId: 'a' }], next: null });

  const [c = '', b = ''] = page.events.map(({ id }) => id);
  const shown = await consignee.events.show(c);
  expect(shown).toMatchObject({
    id: c,
    attempts: [{ outcome: 'dead', error: expect.stringContaining('the pool is empty') }],
  });
  expect((shown as { body: Buffer }).body.toString()).toBe(bodyOf('c'));
  expect(await consignee.events.show('evt_00000000000001')).toBeUndefined();

  expect(await consignee.events.discard(b, { who: 'me' })).toEqual([{ id: b, changed: 1 }]);
  isBroken = false;
  expect(await consignee.events.replay([c])).toEqual([{ id: c, changed: 1 }]);
  await expect.poll(() => seen).toEqual([c]);
  const action = await consignee.events.replayAll({ state: 'dead', source: 'flexport' });
  expect(action).toMatchObject({ verb: 'replay', who: 'application' });
  await expect.poll(() => seen.length).toBe(2);
  await expect.poll(async () => (await dead()).total.count).toBe(0);
  expect(await consignee.events.actions()).toHaveLength(3);

  await expect(consignee.events.show('nonsense')).rejects.toThrow(TypeError);
  await expect(consignee.events.list({ state: 'gone' })).rejects.toThrow('state names no state');
  await expect(consignee.events.replayAll({})).rejects.toThrow('wants event ids, or a state');
  await consignee.stop();
  await expect(consignee.events.list()).rejects.toThrow('this consignee is stopped');
});

test('a source’s reply function answers from this process, and a slow one is not waited for', async () => {
  const never = new Promise(() => {});
  const sources = [
    {
      preset: flexport,
      handlers: {},
      reply: ({ externalId }: { externalId: string | null }) => ({ externalId }),
    },
    { preset: { ...flexport, replyWithinMs: 50 }, name: 'slow', handlers: {}, reply: () => never },
  ];
  const { consignee, bodies } = newHost({ sources }, { SLOW_WEBHOOK_SECRET: SECRET });
  await consignee.start();
  const { port } = await consignee.listen({ host: '127.0.0.1', port: 0 });
  expect((await send(port, 'asked')).body).toBe('{"externalId":"asked"}');
  const slow = await ask(port, signed(SECRET, bodyOf('slow'), {}, '/webhooks/slow'));
  expect(JSON.parse(slow.body)).toMatchObject({ status: 'accepted' });
  expect(bodies()).toHaveLength(2);
});
