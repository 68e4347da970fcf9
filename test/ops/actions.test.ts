/** What is ordered of many deliveries, by the command and by HTTP: over a kill -9, cancelled, and with nobody to carry it out. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInboxFile, takeOwnership } from '../../src/inbox/sqlite/files.ts';
import { eventRow, keyOf } from '../fixtures/filled/rows.ts';
import { run } from '../harness/command.ts';
import { SECRETS, startWired, WIRING, wired } from '../harness/deliver.ts';
import { type Ended, useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import type { RunningService, Service } from '../harness/service.ts';
import { waitFor } from '../harness/waiting.ts';

const DEAD = 8_000;
const { consignee } = useFolder();
const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const path = join(folder, 'inbox.db');
/** The one that runs; at first a process, which is to be killed. */
let service: RunningService;
let kill: Service['kill'];
let env: Record<string, string>;

/** Many events that are dead for a handler which is paused, so that what is replayed stays where it can be counted. */
function fill(): void {
  const database = openInboxFile(path);
  const event =
    database.prepare(`INSERT INTO inbox (number, received_at, source, type, external_id, is_json, held,
    address, headers, evidence, body, identity, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  database.exec("BEGIN; INSERT INTO pauses VALUES ('jobs/work', 1, 'the test', 'to count')");
  for (let at = 0; at < DEAD; at++) {
    const row = eventRow(at, { source: 'jobs' });
    const key = keyOf(row);
    event.run(
      row.number,
      row.received_at,
      row.source,
      row.type,
      row.external_id,
      Number(row.is_json),
      row.held,
      row.address,
      row.headers,
      row.evidence,
      row.body,
      key.identity,
      key.digest,
    );
    database
      .prepare(
        "INSERT INTO work (event, handler, state, attempts, due, alone) VALUES (?, 'jobs/work', 'dead', 3, 0, 0)",
      )
      .run(row.number);
  }
  database.exec('COMMIT');
  database.close();
}

function meet(running: RunningService): void {
  service = running;
  env = { ...SECRETS, DATABASE_URL: `sqlite:${path}`, CONSOLE_PORT: String(service.consolePort) };
}
beforeAll(async () => {
  fill();
  const started = await startWired({ folder });
  kill = started.kill;
  meet(started);
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

const events = (...args: string[]): Promise<Ended> => consignee(['events', ...args, '--config', WIRING], env);
const states = () =>
  Object.fromEntries(
    service
      .sql<{ state: string; count: number }>('SELECT state, count(*) AS count FROM work GROUP BY state')
      .map(({ state, count }) => [state, count]),
  );
const action = (id: unknown) =>
  service.sql<{ state: string; changed: number }>('SELECT * FROM actions WHERE id = ?', Number(id))[0];

async function ask(path: string, body: object) {
  const [{ value: inbox }] = service.sql("SELECT value FROM meta WHERE key = 'inbox'") as [{ value: string }];
  const response = await fetch(`http://127.0.0.1:${service.consolePort}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ inbox, ...body }),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

test('by HTTP it is counted, refused where it makes no sense, and each mistake is named', async () => {
  const dry = await ask('/actions', { verb: 'replay', selection: { state: 'dead' }, dryRun: true });
  expect(dry).toMatchObject({ status: 200, answer: { found: DEAD, handlers: { 'jobs/work': DEAD } } });
  const cases: [string, object, number, string][] = [
    ['/actions', { verb: 'replay' }, 400, 'the selection is no object'],
    ['/actions', { verb: 'replay', selection: { stat: 'dead' } }, 400, 'a selection has no member stat'],
    ['/actions', { verb: 'replay', selection: { state: 'lost' } }, 400, "the selection's state is not"],
    ['/actions', { verb: 'undo', selection: { state: 'dead' } }, 400, 'an action names the inbox'],
    [
      '/actions',
      { verb: 'replay', selection: { source: 'jobs' } },
      422,
      'replay wants event ids, or a state',
    ],
    ['/actions', { verb: 'replay', selection: { state: 'done' } }, 422, 'wants the number that was counted'],
    ['/actions', { inbox: 'x', verb: 'replay', selection: { state: 'dead' } }, 409, 'another inbox'],
    ['/actions/77/cancel', {}, 422, 'there is no action 77'],
    ['/actions/x/cancel', {}, 400, 'the number of an action'],
  ];
  for (const [path, body, status, title] of cases) {
    expect(await ask(path, body)).toMatchObject({
      status,
      answer: { title: expect.stringContaining(title) },
    });
  }
  expect(states()).toEqual({ dead: DEAD });
  expect(service.sql('SELECT id FROM actions')).toEqual([]);
});

test('a kill -9 in the middle loses nothing of it: it goes on at the next start, and its numbers are right', async () => {
  const { answer } = await ask('/actions', { verb: 'replay', selection: { state: 'dead' }, found: DEAD });
  await waitFor(
    () => (action(answer.id)?.changed ?? 0) > 0,
    20_000,
    () => JSON.stringify(action(answer.id)),
  );
  await kill('SIGKILL');
  const { changed = 0 } = action(answer.id) ?? {};
  expect(changed).toBeLessThan(DEAD);
  expect(states()).toEqual({ dead: DEAD - changed, pending: changed });
  meet(await openService(wired({ folder })));
  await waitFor(
    () => action(answer.id)?.state === 'done',
    30_000,
    () => JSON.stringify(action(answer.id)),
  );
  expect(action(answer.id)).toMatchObject({
    found: DEAD,
    changed: DEAD,
    skipped: 0,
    failed: 0,
    who: 'console',
  });
  expect(states()).toEqual({ pending: DEAD });
});

test('a command that is interrupted leaves its action running, says so, and it can be cancelled', async () => {
  await service.stop();
  // As if a service had the inbox, and took its time.
  const owner = takeOwnership(path);
  const database = openInboxFile(path);
  const { lastInsertRowid: id } = database
    .prepare(
      `INSERT INTO actions (at, who, verb, about, up_to, cursor, state, found, changed, skipped, failed)
        VALUES (0, 'anna', 'discard', '{"state":"pending"}', 0, -1, 'running', ${DEAD}, 12, 0, 0)`,
    )
    .run();
  database.close();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end(JSON.stringify({ id: Number(id) }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const CONSOLE_PORT = String((server.address() as AddressInfo).port);
  const args = ['events', 'discard', '--state', 'pending', '--yes', '--config', WIRING];
  const command = run(args, { env: { ...env, CONSOLE_PORT } });
  await waitFor(() => asked.length > 0, 20_000, command.output);
  command.process.kill('SIGINT');
  await waitFor(() => command.process.exitCode !== null, 20_000, command.output);
  expect(command.process.exitCode).toBe(130);
  expect(command.output()).toContain(`discards 8,000 deliveries of 1 handler: jobs/work 8,000 (pending)\n`);
  expect(command.output()).toContain(`action ${id} goes on in the service: consignee events actions`);
  expect(asked).toEqual(['POST /actions']);
  server.close();
  owner.close();
  const cancelled = await events('actions', 'cancel', String(id));
  expect([cancelled.code, cancelled.output]).toEqual([
    0,
    `Action ${id} was cancelled: 8,000 deliveries found, 12 discarded, 0 skipped, 0 failed.\nCancelled by ${userInfo().username}.\n`,
  ]);
  const { output } = await events('actions');
  expect(output).toMatch(/^ID {2}TIME \(UTC\) +WHO +WHAT +STATE\n/);
  expect(output).toMatch(/anna +discard +cancelled {2}pending; 8,000 deliveries found, 12 discarded/);
  expect(output).toMatch(/console +replay +done {2}dead; 8,000 deliveries found, 8,000 replayed, 0 skipped/);
});

test('with the service stopped the command carries it out itself', async () => {
  const { code, records } = await events('discard', '--state', 'pending', '--yes', '--json');
  expect(code).toBe(0);
  expect(records).toMatchObject([{ verb: 'discard', state: 'done', found: DEAD, changed: DEAD }]);
  expect(records[0]?.who).toBe(userInfo().username);
  expect(states()).toEqual({});
});
