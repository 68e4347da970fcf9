/** A secret that a provider hands over: from the source that waits for it to events that are proven by it, as an operator does it. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import { ROOT } from '../harness/project.ts';
import type { RunningService } from '../harness/service.ts';
import { opensslMac } from '../harness/signing.ts';
import { waitFor } from '../harness/waiting.ts';

const config = join(ROOT, 'test/fixtures/presets');
const HOOK = 'b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81';
const EVENT = '{"events":[{"action":"changed"}]}';

const OTHERS = {
  DROPBOX_WEBHOOK_SECRET: HOOK,
  DROPBOX_ALLOW_FROM: '203.0.113.0/24',
  META_WEBHOOK_SECRET: HOOK,
  META_VERIFY_TOKEN: HOOK,
};

const { consignee } = useFolder();
let folder: string;
let service: RunningService | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true });
});

async function serve(env: Record<string, string>): Promise<RunningService> {
  await service?.stop();
  service = await openService({ config, folder, env });
  return service;
}

const command = (args: readonly string[], env: Record<string, string> = {}) =>
  consignee(
    [...args, '--config', config],
    { ...env, DATABASE_URL: `sqlite:${join(folder, 'inbox.db')}` },
    folder,
  );

async function post(headers: Record<string, string>, body = ''): Promise<Response> {
  const response = await fetch(`${service?.url}/webhooks/asana`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response;
}

const signed = (key: string) => ({ 'X-Hook-Signature': opensslMac(key, EVENT).toString('hex') });

test('the source waits, the operator takes the secret and sets it, and what came in between is not lost', async () => {
  const env = { ASANA_VERIFY: 'handshake' };
  const waiting = await serve(env);
  expect(waiting.output()).toContain('source waits for the secret of a handshake');
  const withNone = { 'X-Hook-Signature': createHmac('sha256', '').update(EVENT).digest('hex') };
  expect((await post(withNone, EVENT)).status).toBe(401);
  expect((await post(signed('undefined'), EVENT)).status).toBe(401);

  const answer = await post({ 'X-Hook-Secret': HOOK });
  expect([answer.status, answer.headers.get('x-hook-secret')]).toEqual([200, HOOK]);
  // Providers begin at once.
  expect((await post(signed(HOOK), EVENT)).status).toBe(401);
  const said = await waiting.line(({ outcome }) => outcome === 'handshake');
  expect(said.warning).toContain('a secret has come from 127.0.0.1, which nobody has proven');
  expect(waiting.output()).not.toContain(HOOK);
  expect(waiting.events()).toEqual([]);

  const checked = await command(['check'], env);
  expect(checked.output).toContain('waits for its secret and takes no event');
  expect(checked.output).not.toContain(HOOK);
  const taken = await command(['secret', 'take', 'asana'], env);
  expect(taken.code).toBe(0);
  expect(taken.output).toMatch(new RegExp(`127\\.0\\.0\\.1 {2}a secret\n {2}${HOOK}\n`));
  expect(taken.output).toContain('ASANA_WEBHOOK_SECRET');
  expect((await command(['secret', 'take', 'asana'], env)).output).toBe('Nothing has arrived for asana.\n');
  expect(
    (
      await command(['secret', 'take', 'asana'], {
        ...env,
        ASANA_VERIFY: 'hmac',
        ASANA_WEBHOOK_SECRET: HOOK,
      })
    ).output,
  ).toContain('Nothing is taken before ASANA_VERIFY=handshake is set.');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const holding = files.filter((file) => readFileSync(join(file.parentPath, file.name)).includes(HOOK));
  expect(holding).toEqual([]);

  const on = await serve({ ASANA_WEBHOOK_SECRET: HOOK, ...OTHERS });
  // Judged again by the secret that is there now.
  await waitFor(() => on.events().length === 1, 20_000, on.output);
  expect(on.events()[0]).toMatchObject({ source: 'asana', body: Buffer.from(EVENT) });
  expect((await post({ 'X-Hook-Secret': 'another-secret-of-a-stranger-0123456789' })).status).toBe(401);
  expect((await post(signed(HOOK), EVENT)).status).toBe(200);
});

test('handshakes pass the same checks of address and TLS, and a source that is off has none', async () => {
  // No refusal's id has such letters.
  const ask = async (target: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${service?.url}/webhooks/${target}`, { headers });
    return [response.status, await response.text()];
  };
  expect(await ask('dropbox?challenge=xyz')).toEqual([403, expect.not.stringContaining('xyz')]);
  expect(await ask('onfleet?check=xyz')).toEqual([404, expect.not.stringContaining('xyz')]);
  const verified = `hub.mode=subscribe&hub.challenge=xyz&hub.verify_token=${HOOK}`;
  expect(await ask(`meta?${verified}`)).toEqual([200, 'xyz']);
  expect((await ask(`meta?${verified}x`))[0]).toBe(403);
  await service?.line(({ code, status }) => code === 'handshake_mismatch' && status === 403);
  expect(service?.output()).not.toContain(HOOK);
  await serve({
    META_WEBHOOK_SECRET: HOOK,
    META_VERIFY_TOKEN: HOOK,
    REQUIRE_HTTPS: 'true',
    TRUST_PROXY: 'loopback',
  });
  expect((await ask(`meta?${verified}`))[0]).toBe(403);
  expect(
    await ask(`meta?${verified}`, { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' }),
  ).toEqual([200, 'xyz']);
});

test('take wants one source that there is', async () => {
  expect((await command(['secret', 'take'])).output).toContain('take wants one source');
  const wrong = await command(['secret', 'take', HOOK]);
  expect(wrong.code).not.toBe(0);
  expect(wrong.output).not.toContain(HOOK);
});

test('check says what handshakes need, and looks at their secrets as at any other', async () => {
  const { output } = await command(['check'], { META_WEBHOOK_SECRET: HOOK, META_VERIFY_TOKEN: HOOK });
  expect(output).toContain(
    'Its handshake (GET with hub.mode, hub.verify_token, hub.challenge) is answered by itself.',
  );
  expect(output).toContain('shares a secret with another setting of its own');
  expect(output).not.toContain(HOOK);
  const missing = await command(['check'], { META_WEBHOOK_SECRET: HOOK });
  expect(missing.output).toMatch(/META_VERIFY_TOKEN +is not set/);
});
