/** Checks that are only observed, the evidence kept with events, and which secret is still used. */
import { afterEach, expect, test } from 'vitest';
import { fingerprintOf, keyFingerprint } from '../../../src/verify/fingerprint.ts';
import { runToEnd } from '../../harness/command.ts';
import { type OpenedService, openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import { flexportHeaders, shippoHeaders } from '../../harness/signing.ts';

const TOKEN = 'a-token-of-the-tests-that-is-long-enough';
const PREVIOUS = 'the-previous-secret-of-the-tests-0123456789';
let service: OpenedService;
afterEach(() => service.stop());

async function send(path: string, body: string, headers: Record<string, string>) {
  const response = await fetch(`${service.url}${path}`, { method: 'POST', headers, body });
  return { status: response.status, id: ((await response.json()) as { id: string }).id };
}
const evidence = () =>
  service
    .sql<{ evidence: string }>('SELECT evidence FROM inbox ORDER BY number')
    .map((row) => JSON.parse(row.evidence));

/** By the key of this inbox, and unlike anything that the secret alone tells. */
function named(secret: string): string {
  const [row] = service.sql<{ value: string }>("SELECT value FROM meta WHERE key = 'fingerprint key'");
  expect(row?.value).toMatch(/^[0-9a-f]{64}$/);
  const fingerprint = keyFingerprint(row?.value ?? '', fingerprintOf(secret));
  expect(fingerprint).not.toBe(fingerprintOf(secret));
  return fingerprint;
}

test('a check that is observed refuses nothing, but says and counts what it would have refused', async () => {
  service = await openService({
    env: { SHIPPO_WEBHOOK_SECRET: SECRET, SHIPPO_WEBHOOK_TOKEN: TOKEN, SHIPPO_OBSERVE: 'hmac' },
  });
  const path = `/webhooks/shippo?token=${TOKEN}`;
  const unsigned = await send(path, '{"n":1}', {});
  const signed = await send(path, '{"n":2}', shippoHeaders(SECRET, '{"n":2}'));
  const forged = await send(path, '{"n":3}', shippoHeaders('x'.repeat(40), '{"n":3}'));
  expect([unsigned, signed, forged].map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await send('/webhooks/shippo?token=no', '{"n":4}', shippoHeaders(SECRET, '{"n":4}'))).status).toBe(
    401,
  );
  expect(service.events()).toHaveLength(3);
  expect(await service.line(({ eventId }) => eventId === unsigned.id)).toMatchObject({
    wouldRefuse: 'hmac_missing',
  });
  expect(await service.line(({ eventId }) => eventId === forged.id)).toMatchObject({
    wouldRefuse: 'hmac_mismatch',
  });
  expect(await service.line(({ eventId }) => eventId === signed.id)).not.toHaveProperty('wouldRefuse');
  const metrics = await (await fetch(`http://127.0.0.1:${service.consolePort}/metrics`)).text();
  expect(metrics).toContain(
    'consignee_would_refuse_total{source="shippo",scheme="hmac",code="hmac_missing"} 1',
  );
  expect(metrics).toContain(
    'consignee_would_refuse_total{source="shippo",scheme="hmac",code="hmac_mismatch"} 1',
  );
  expect(evidence()[0]).toEqual([
    { scheme: 'token', secret: named(TOKEN) },
    { scheme: 'hmac', wouldRefuse: 'hmac_missing' },
  ]);
});

test.each([
  [{ FLEXPORT_WEBHOOK_SECRET: SECRET, FLEXPORT_OBSERVE: 'hmac' }, 'leaves no check that refuses anything'],
  [
    { FLEXPORT_WEBHOOK_SECRET: SECRET, FLEXPORT_OBSERVE: 'token' },
    'names a check that this source does not have',
  ],
  [
    {
      FLEXPORT_WEBHOOK_SECRET: SECRET,
      FLEXPORT_ALLOW_FROM: '203.0.113.7',
      FLEXPORT_OBSERVE: 'hmac',
      NODE_ENV: 'production',
    },
    'an address is not proof',
  ],
])('an observation that would leave a source open is refused at boot: %o', async (env, says) => {
  const { code, output } = await runToEnd(['serve'], { env });
  expect([code, output]).toEqual([78, expect.stringContaining(says)]);
});

test('each event keeps how it passed its checks, and the uses of secrets are counted over restarts', async () => {
  const env = {
    FLEXPORT_WEBHOOK_SECRET: SECRET,
    FLEXPORT_WEBHOOK_SECRET_PREVIOUS: PREVIOUS,
    FLEXPORT_ALLOW_SHA1: 'true',
  };
  service = await openService({ env: { ...env, FLEXPORT_ALLOW_FROM: '127.0.0.1' } });
  for (const [id, secret] of [
    ['1', SECRET],
    ['2', PREVIOUS],
    ['3', PREVIOUS],
  ] as const) {
    const body = `{"id":${id}}`;
    expect((await send('/webhooks/flexport', body, flexportHeaders(secret, body))).status).toBe(200);
  }
  const [first, second] = evidence();
  expect(first).toEqual([
    { scheme: 'ip' },
    {
      scheme: 'hmac',
      secret: named(SECRET),
      form: 'X-Hub-Signature-256 sha256',
      signature: Object.values(flexportHeaders(SECRET, '{"id":1}'))[0],
    },
  ]);
  expect(second[1].secret).toBe(named(PREVIOUS));
  service = await service.reopen({ env });
  const uses = service.sql('SELECT source, scheme, secret, form, count FROM secret_uses ORDER BY count');
  expect(uses).toEqual([
    {
      source: 'flexport',
      scheme: 'hmac',
      secret: named(SECRET),
      form: 'X-Hub-Signature-256 sha256',
      count: 1,
    },
    {
      source: 'flexport',
      scheme: 'hmac',
      secret: named(PREVIOUS),
      form: 'X-Hub-Signature-256 sha256',
      count: 2,
    },
  ]);
  expect(service.output()).not.toContain(SECRET);
});
