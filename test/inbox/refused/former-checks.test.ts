/** Judging again makes no forgery good because the check that refused it is only observed since; a person may say so. */
import { expect, test } from 'vitest';
import { judgeRequest } from '../../../src/inbox/refused/judgement.ts';
import { judgeInTurn } from '../../../src/inbox/refused/judging.ts';
import type { Proof } from '../../../src/verify/verifier.ts';
import { useFolder } from '../../harness/folder.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import { shippoHeaders } from '../../harness/signing.ts';

const TOKEN = 'a-token-of-the-tests-that-is-long-enough';
const { consignee } = useFolder();

test.each([
  ['all that were enforced then', 'token,hmac', [{ scheme: 'token' }, { scheme: 'hmac' }], 1, 0],
  ['more than were enforced then', 'token', [{ scheme: 'token' }, { scheme: 'hmac' }], 1, 0],
  [
    'an observed one that it would fail now as then',
    'token',
    [{ scheme: 'token' }, { scheme: 'hmac', wouldRefuse: 'hmac_mismatch' }],
    1,
    0,
  ],
  [
    'one that is only observed since, and fails it',
    'token,hmac',
    [{ scheme: 'token' }, { scheme: 'hmac', wouldRefuse: 'hmac_mismatch' }],
    0,
    1,
  ],
  [
    'one that is only observed since, but passes it',
    'token,hmac',
    [{ scheme: 'token' }, { scheme: 'hmac' }],
    1,
    0,
  ],
  ['not the one that is gone', 'token,hmac', [{ scheme: 'hmac' }], 0, 1],
] as [string, string, Proof[], number, number][])(
  'of the checks it passes %s',
  async (_, enforced, proofs, accepted, passNowOnly) => {
    const request = {
      number: 1,
      clockStepMs: 0,
      id: 'ref_1',
      source: 'one',
      receivedAt: 1,
      code: 'token_mismatch',
      reason: '',
      address: '203.0.113.1',
      headers: '{}',
      credentials: '[]',
      enforced,
      body: Buffer.from('{}'),
    };
    const kept: Buffer[] = [];
    const judge = judgeInTurn(['one'], {
      refused: { next: async () => [request], newest: async () => 1, remove: async () => {} },
      verifiersOf: () => proofs.map((proof) => () => proof),
      async keep({ body }) {
        kept.push(body);
        return { outcome: 'accepted', id: 'evt_1' };
      },
      note() {},
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    // To look changes nothing.
    expect(
      await judgeRequest(
        request,
        proofs.map((proof) => () => proof),
      ),
    ).toEqual({
      passes: accepted === 1 ? 'all' : 'now only',
    });
    expect(kept).toEqual([]);
    expect(await judge()).toEqual([{ source: 'one', looked: 1, accepted, passNowOnly, handshakes: 0 }]);
    expect(kept).toHaveLength(accepted);
    expect(await judge({ ids: ['ref_2'], byChecksOfNow: true })).toMatchObject([{ looked: 0, accepted: 0 }]);
    expect(await judge({ source: 'two', byChecksOfNow: true })).toEqual([]);
    expect(await judge({ ids: ['ref_1'], byChecksOfNow: true })).toMatchObject([{ looked: 1, accepted: 1 }]);
  },
);

test('a forgery that the signature refused stays refused when the signature is only observed', async () => {
  const env = { SHIPPO_WEBHOOK_TOKEN: TOKEN, SHIPPO_WEBHOOK_SECRET: SECRET };
  const first = await openService({ env });
  const ids: string[] = [];
  for (const body of ['{"n":1}', '{"n":2}']) {
    const headers = shippoHeaders('a-secret-of-somebody-else-0123456789abcdef', body);
    const response = await fetch(`${first.url}/webhooks/shippo?token=${TOKEN}`, {
      method: 'POST',
      headers,
      body,
    });
    expect(response.status).toBe(401);
    ids.push(((await response.json()) as { id: string }).id);
  }
  const service = await first.reopen({ env: { ...env, SHIPPO_OBSERVE: 'hmac' } });
  const command = (...args: string[]) =>
    consignee(['events', 'refused', 'recheck', ...args], {
      ...env,
      DATABASE_URL: `sqlite:${service.inboxPath}`,
      CONSOLE_PORT: String(service.consolePort),
    });
  const { output } = await command();
  expect(output).toContain('shippo  0 of 2 pass now');
  expect(output).toContain('shippo: 2 more requests would pass the checks that are enforced now');
  expect(output).toContain('--source shippo --checks-of-now');
  expect(service.events()).toEqual([]);
  expect((await command('--checks-of-now')).code).toBe(64);
  expect((await command(ids[1] as string, '--checks-of-now')).output).toContain('shippo  1 of 1 pass now');
  expect(service.events().map(({ body }) => body.toString())).toEqual(['{"n":2}']);
  await service.stop();
});
