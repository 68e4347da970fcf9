/**
 * A provider at 5 a second under a wrong secret, beside 1,200 forging addresses at 40 a second, then silence and the right secret:
 * every genuine request is taken in, and no other. So many seconds’ worth of it, as fast as it goes, with room for as
 * many; CONSIGNEE_REFUSED_SECONDS=1800 is the half hour with its 64 MiB, as at night.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { startService } from '../harness/service.ts';
import { waitFor } from '../harness/waiting.ts';

const SECONDS = Number(process.env.CONSIGNEE_REFUSED_SECONDS ?? 8);
const PROVIDER = '2001:db8:7::1';
const RIGHT = 'the-secret-that-the-provider-has-0123456789';
const WRONG = 'a-secret-that-nobody-has-0123456789abcdef';

const bodyOf = (id: string, bytes: number) =>
  JSON.stringify({ event_type: 'TRANSACTION_SETTLED', event_id: id, data: 'x'.repeat(bytes) });
const macOf = (body: string) => createHmac('sha256', RIGHT).update(body).digest('base64');

test(
  'beside a flood of forgeries every genuine request is taken in once the secret is right',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
    const file = join(folder, 'secret');
    writeFileSync(file, RIGHT);
    const service = await startService({
      folder,
      env: { FLINTN_WEBHOOK_SECRET_FILE: file, TRUST_PROXY: 'loopback' },
      knobs: { refused: { bytesMax: Math.ceil((64 * 1_048_576 * SECONDS) / 1_800) } },
    });
    onTestFinished(async () => {
      await service.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });
    async function send(address: string, body: string, mac: string): Promise<number> {
      const headers = { 'X-Forwarded-For': address, 'X-Signature-Primary': mac };
      const response = await fetch(`${service.url}/webhooks/flintn`, { method: 'POST', headers, body });
      await response.arrayBuffer();
      return response.status;
    }
    const sendGenuine = (id: string) => {
      const body = bodyOf(id, 200);
      return send(PROVIDER, body, macOf(body));
    };
    let forged = 0;
    const sendForged = () => {
      const address = `2001:db8:66:${(forged % 1_200).toString(16)}::${forged.toString(16)}`;
      return send(address, bodyOf(`forged-${forged++}`, 1_500), randomBytes(32).toString('base64'));
    };

    expect(await sendGenuine('before')).toBe(200);
    writeFileSync(file, WRONG);
    let probe = 0;
    const probes: string[] = [];
    while ((await sendGenuine(`probe-${probe}`)) === 200) probe++;
    for (let at = 0; at <= probe; at++) probes.push(`probe-${at}`);

    const genuine: string[] = [];
    for (let second = 0; second < SECONDS; second++) {
      const ids = Array.from({ length: 5 }, (_, at) => `genuine-${second}-${at}`);
      const answers = [...Array.from({ length: 40 }, sendForged), ...ids.map(sendGenuine)];
      expect(new Set(await Promise.all(answers))).toEqual(new Set([401]));
      genuine.push(...ids);
    }
    writeFileSync(file, RIGHT);
    const stored = () =>
      service.sql<{ id: string }>('SELECT external_id AS id FROM inbox').map(({ id }) => id);
    const expected = ['before', ...probes, ...genuine];
    await waitFor(
      () => stored().length >= expected.length,
      60_000 + SECONDS * 100,
      () => `${stored().length} of ${expected.length}`,
    );
    expect(stored().sort()).toEqual(expected.sort());

    const database = new DatabaseSync(`${service.inboxPath}-refused`, { readOnly: true, timeout: 5_000 });
    // Faster than the half hour, most of the forgeries do not pass the gate.
    const losses = database.prepare('SELECT DISTINCT source FROM losses').all();
    const proven = database.prepare('SELECT source, network FROM proven').all();
    database.close();
    expect(proven).toEqual([{ source: 'flintn', network: '2001:db8:7:0::/64' }]);
    expect(losses).toEqual([{ source: 'flintn' }]);
  },
  120_000 + SECONDS * 1_000,
);
