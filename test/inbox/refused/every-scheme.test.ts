/** What was refused under the old secret is taken in under the new one, whatever scheme and form proves it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SCHEME_CASES, type SchemeCase } from '../../fixtures/every-scheme/cases.ts';
import { openService } from '../../harness/open-service.ts';
import type { RunningService } from '../../harness/service.ts';
import { headerOf, signatureOf, token } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';

const SECRETS = {
  old: 'old-secret-of-the-merchant-0123456789abcdef0123456789abcdef',
  new: 'new-secret-of-the-merchant-0123456789abcdef0123456789abcdef',
  forged: 'a-secret-of-somebody-else-0123456789abcdef0123456789abcdef',
};
type Time = keyof typeof SECRETS;
const SUFFIXES = { token: 'WEBHOOK_TOKEN', hmac: 'WEBHOOK_SECRET', jwt: 'JWT_SECRET' } as const;

let folder: string;
let service: RunningService;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  service = await start('old');
  for (const one of SCHEME_CASES) {
    const statuses = [await send(one, 'old'), await send(one, 'forged'), await send(one, 'new')];
    expect([one.name, ...statuses]).toEqual([one.name, 200, 401, 401]);
  }
  await service.stop();
  service = await start('new');
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

function start(time: Time): Promise<RunningService> {
  const settings = SCHEME_CASES.flatMap((one) => {
    const prefix = one.name.toUpperCase().replaceAll('-', '_');
    const sha1 = one.form.algorithm === 'hmac-sha1' ? [[`${prefix}_ALLOW_SHA1`, 'true']] : [];
    return [
      ...one.schemes.map((scheme) => [`${prefix}_${SUFFIXES[scheme]}`, secretOf(one, scheme, time)]),
      ...sha1,
    ];
  });
  const config = join(import.meta.dirname, '../../fixtures/every-scheme');
  return openService({ folder, config, env: Object.fromEntries(settings) });
}

function secretOf({ changed }: SchemeCase, scheme: SchemeCase['schemes'][number], time: Time): string {
  return `${scheme}-${SECRETS[changed.includes(scheme) ? time : 'old']}`;
}

/** White space, letters beyond ASCII, a number whose text would change: bytes that must not be written anew. */
function bodyOf(time: Time, opening: string): string {
  return `{${opening}"id":"${time}", "event_id":"${time}",\r\n"note":"žluť 💶", "weight":1.50}`;
}

async function send(one: SchemeCase, time: Time): Promise<number> {
  const body = bodyOf(time, one.opening);
  const seconds = Math.floor(Date.now() / 1_000);
  const proofs = {
    token: () => ({}),
    hmac: () => ({ [headerOf(one.form)]: signatureOf(one.form, secretOf(one, 'hmac', time), body) }),
    jwt: () => {
      const payload = `{"iat":${seconds},${body.slice(1)}`;
      return { Authorization: `Bearer ${token(secretOf(one, 'jwt', time), payload)}` };
    },
  };
  const query = one.schemes.includes('token') ? `?token=${secretOf(one, 'token', time)}` : '';
  const headers = Object.assign({}, ...one.schemes.map((scheme) => proofs[scheme]()));
  const response = await fetch(`${service.url}/webhooks/${one.name}${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body,
  });
  await response.text();
  return response.status;
}

const eventsOf = (one: SchemeCase) => service.events().filter(({ source }) => source === one.name);

function refusedOf(one: SchemeCase): string[] {
  const database = new DatabaseSync(`${service.inboxPath}-refused`, { readOnly: true, timeout: 5_000 });
  try {
    const rows = database.prepare('SELECT body FROM refused WHERE source = ? ORDER BY number').all(one.name);
    return rows.map(({ body }) => Buffer.from(body as Uint8Array).toString());
  } finally {
    database.close();
  }
}

test.each(SCHEME_CASES)('$name: the new secret takes it in byte for byte, and no forged one', async (one) => {
  await waitFor(() => eventsOf(one).length === 2 && refusedOf(one).length < 2, 20_000, service.output);
  expect(eventsOf(one).map(({ body }) => body.toString())).toEqual([bodyOf('old', ''), bodyOf('new', '')]);
  expect(refusedOf(one)).toEqual([bodyOf('forged', one.opening)]);
});
