/** The service, where a provider publishes its keys: without a way to them, and with a key of one's own. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliverWith, kept } from '../harness/deliver-with.ts';
import { useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import type { RunningService } from '../harness/service.ts';
import { token } from '../harness/signing.ts';

const { consignee } = useFolder();
const CONFIG = join(ROOT, 'test/fixtures/published-keys');
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const ONLINE = {
  ACME_VERIFY: 'signature',
  ACME_OFFLINE_VERIFY: 'signature',
  EASYSHIP_WEBHOOK_SECRET: SECRET,
};

let service: RunningService;
beforeAll(async () => {
  service = await openService({ config: CONFIG, env: { ...ONLINE, ACME_OFFLINE_WEBHOOK_SECRET: pem } });
});
afterAll(() => service.stop());

const signed = (body: string) => ({
  'X-Acme-Key': 'one',
  'X-Acme-Signature': sign('sha256', Buffer.from(body), privateKey).toString('base64'),
});

test('a key that cannot be fetched is a 503, and nothing is kept', async () => {
  const body = '{"id":"online"}';
  for (const headers of [signed(body), { ...signed(body), 'X-Acme-Key': 'another' }]) {
    const { status, said, stored } = await deliverWith(service, 'acme', headers, body);
    expect([status, said, stored]).toEqual([503, 'keys_unavailable', []]);
  }
  const line = await service.line(({ msg }) => msg === 'public keys cannot be fetched');
  expect(line).toMatchObject({ host: 'keys.acme.invalid', level: 'warn' });
  expect(service.output().match(/public keys cannot be fetched/g)).toHaveLength(1);
});

test('a key of one’s own does without, and what it proved can be checked as long as it is there', async () => {
  const body = '{"id":"offline"}';
  const { status, id, stored } = await deliverWith(service, 'acme-offline', signed(body), body);
  expect([status, stored]).toMatchObject([200, kept(body)]);
  const forged = await deliverWith(service, 'acme-offline', signed(`${body} `), body);
  expect([forged.status, forged.said, forged.stored]).toEqual([401, 'signature_mismatch', []]);
  const verify = async (env: Record<string, string>) => {
    const inbox = { DATABASE_URL: `sqlite:${service.inboxPath}` };
    return (await consignee(['events', 'verify', id, '--config', CONFIG], { ...ONLINE, ...env, ...inbox }))
      .output;
  };
  expect(await verify({ ACME_OFFLINE_WEBHOOK_SECRET: pem })).toContain('signature: holds');
  expect(await verify({})).toContain('bytes hold, signature: its key was fetched');
});

test('a token in a header of its own proves the sender', async () => {
  const body = '{"event_type":"shipment.label.created"}';
  const bare = { 'X-EASYSHIP-SIGNATURE': token(SECRET, '{"easyship_company_id":"CUS1"}') };
  const good = await deliverWith(service, 'easyship', bare, body);
  expect([good.status, good.stored]).toMatchObject([200, kept(body)]);
  const bad = { 'X-EASYSHIP-SIGNATURE': token('another', '{"easyship_company_id":"CUS1"}') };
  const refused = await deliverWith(service, 'easyship', bad, '{}');
  expect([refused.status, refused.said, refused.stored]).toEqual([401, 'jwt_mismatch', []]);
});
