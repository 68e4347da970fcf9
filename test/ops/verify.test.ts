/** `events verify`: what was tampered with is found, what was received holds. */
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import { SECRET } from '../harness/project.ts';
import type { RunningService } from '../harness/service.ts';
import { flexportHeaders, shippoHeaders } from '../harness/signing.ts';

const { consignee } = useFolder();
let service: RunningService;
const ids: Record<string, string> = {};
const LIVE = {
  FLEXPORT_WEBHOOK_SECRET: SECRET,
  SHIPPO_WEBHOOK_SECRET: SECRET,
  FLATFILE_WEBHOOK_SECRET: SECRET,
};

beforeAll(async () => {
  service = await openService({ env: LIVE });
  const send = async (source: string, body: string, headers: Record<string, string>) => {
    const response = await fetch(`${service.url}/webhooks/${source}`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    return ((await response.json()) as { id: string }).id;
  };
  const bodies = ['{"id":1,"n":"whole"}', '{"id":2,"n":"changed"}'] as const;
  ids.whole = await send('flexport', bodies[0], flexportHeaders(SECRET, bodies[0]));
  ids.changed = await send('flexport', bodies[1], flexportHeaders(SECRET, bodies[1]));
  ids.timed = await send('shippo', '{"event":"x"}', shippoHeaders(SECRET, '{"event":"x"}'));
  const cut = '{"_accessToken":"sk","id":"us_evt_1"}';
  ids.cut = await send('flatfile', cut, flexportHeaders(SECRET, cut));
});
afterAll(() => service.stop());

const verify = (args: string[], env: Record<string, string> = LIVE) =>
  consignee(['events', 'verify', ...args], { ...env, DATABASE_URL: `sqlite:${service.inboxPath}` });

test('bytes and signatures of what was received hold, and it says how they were proved', async () => {
  const { code, output } = await verify([ids.whole as string, ids.timed as string]);
  expect(code).toBe(0);
  expect(output.match(/bytes hold, signature: holds/g)).toHaveLength(2);
  expect(output).toMatch(/hmac X-Hub-Signature-256 sha256 secret [0-9a-f]{12}/);
  expect(output).not.toContain(
    (Object.values(flexportHeaders(SECRET, '{"id":1,"n":"whole"}'))[0] as string).slice(7, 30),
  );
});

test('without the credential that was cut out only the digest can be checked', async () => {
  expect((await verify([ids.cut as string])).output).toContain(
    'bytes hold, signature: a credential was cut out',
  );
});

test('without the secret the digest still tells', async () => {
  const { code, output } = await verify([ids.whole as string], { FLEXPORT_WEBHOOK_SECRET: 'x1'.repeat(20) });
  expect([code, output]).toEqual([0, expect.stringContaining('bytes hold, signature: secret not live')]);
});

test('changed bytes are found, one by one and among all', async () => {
  const database = new DatabaseSync(service.inboxPath, { timeout: 5_000 });
  const number = Number.parseInt((ids.changed as string).slice(4), 16);
  database
    .prepare(`UPDATE inbox SET body = CAST('{"id":2,"n":"forged!"}' AS BLOB) WHERE number = ?`)
    .run(number);
  const one = await verify([ids.changed as string]);
  expect([one.code, one.output]).toEqual([1, expect.stringContaining('bytes DIFFER, signature: FAILS')]);
  const all = await verify(['--all']);
  expect(all.code).toBe(1);
  expect(all.output).toContain(`${ids.changed}  bytes DIFFER`);
  expect(all.output).not.toContain(ids.whole as string);
  expect(all.output).toContain('4 events: the bytes of 3 are what was received; 2 signatures checked again.');
  const digest = 'UPDATE inbox SET digest = ? WHERE number = ?';
  const { createHash } = await import('node:crypto');
  database.prepare(digest).run(createHash('sha256').update('{"id":2,"n":"forged!"}').digest(), number);
  database.close();
  const covered = await verify([ids.changed as string]);
  expect([covered.code, covered.output]).toEqual([
    1,
    expect.stringContaining('bytes hold, signature: FAILS'),
  ]);
});

test('an id that is not there, or none at all, is said', async () => {
  expect(await verify(['evt_00000000000001'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('not in this inbox'),
  });
  expect((await verify([])).code).toBe(64);
});
