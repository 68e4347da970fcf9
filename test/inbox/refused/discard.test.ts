/** Refused requests that nobody wants judged again are deleted, by the service or without it, and that is on record. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useFolder } from '../../harness/folder.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders, flintnHeaders } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';

const WRONG = 'a-secret-that-nobody-has-set-0123456789';
const { consignee } = useFolder();
const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const secrets = { FLEXPORT_WEBHOOK_SECRET: SECRET, FLINTN_WEBHOOK_SECRET: SECRET };
let service: RunningService;
let env: Record<string, string>;
const ids: string[] = [];

beforeAll(async () => {
  service = await openService({ folder, env: secrets });
  env = {
    ...secrets,
    DATABASE_URL: `sqlite:${service.inboxPath}`,
    CONSOLE_PORT: String(service.consolePort),
  };
  for (const [source, headers] of [
    ['flintn', flintnHeaders(WRONG, '{}')],
    ['flintn', {}],
    ['flexport', flexportHeaders(WRONG, '{}')],
    ['flexport', flexportHeaders(WRONG, '{}')],
  ] as const) {
    const response = await fetch(`${service.url}/webhooks/${source}`, {
      method: 'POST',
      headers,
      body: '{}',
    });
    ids.push(((await response.json()) as { id: string }).id);
  }
  await waitFor(() => kept().length === 4, 20_000, service.output);
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

function kept(): unknown[] {
  const path = `${service.inboxPath}-refused`;
  // It is made beside the start, and has its name when it is whole.
  if (!existsSync(path)) return [];
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    return database
      .prepare('SELECT id FROM refused ORDER BY number')
      .all()
      .map(({ id }) => id);
  } finally {
    database.close();
  }
}

const discard = (...args: string[]) => consignee(['events', 'refused', 'discard', ...args], env);

test('what is not said to be meant, or not what, is refused, and all is kept', async () => {
  const cases: [string[], string][] = [
    [['--yes'], 'refused discard wants ids, --source, --code or --address'],
    [['--source', 'flintn'], 'nobody is here to be asked: say --yes'],
  ];
  for (const [args, says] of cases) {
    expect(await discard(...args)).toMatchObject({ code: 64, output: expect.stringContaining(says) });
  }
  const list = await consignee(['events', 'refused', 'list', '--code', 'x'], env);
  expect(list).toMatchObject({
    code: 64,
    output: expect.stringContaining('refused list does not take --code'),
  });
  expect((await discard('--source', 'flintn', '--dry-run')).output).toBe('discards 2 refused requests\n');
  expect(kept()).toEqual(ids);
});

test('the service deletes what is meant and nothing else, and keeps on record who wanted it', async () => {
  const { code, output } = await discard('--source', 'flintn', '--code', 'hmac_mismatch', '--yes');
  expect([code, output]).toEqual([0, 'discards 1 refused request\n1 refused request discarded\n']);
  expect(kept()).toEqual(ids.slice(1));
  expect((await discard('--address', '127.0.0.1', '--source', 'flintn', '--yes', '--json')).records).toEqual([
    { found: 1, discarded: 1 },
  ]);
  expect(kept()).toEqual(ids.slice(2));
  const [, first] = service.sql('SELECT who, verb, about, changed FROM actions ORDER BY id DESC');
  expect(first).toEqual({
    who: userInfo().username,
    verb: 'discard refused',
    about: '{"source":"flintn","code":"hmac_mismatch"}',
    changed: 1,
  });
});

test('without the service the command does it itself', async () => {
  await service.stop();
  const { output } = await discard(String(ids[2]), '--yes');
  expect(output).toBe('discards 1 refused request\n1 refused request discarded\n');
  expect(kept()).toEqual(ids.slice(3));
  const actions = await consignee(['events', 'actions'], env);
  expect(actions.output).toMatch(/discard refused +done {2}1 request\n/);
});
