/**
 * kill -9 at random moments under load, again and again: what was answered with 200 is in the inbox once, byte for byte,
 * and gets to its handler. CONSIGNEE_SURVIVAL_SECONDS makes it last longer, as at night.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { deliver } from '../harness/deliver.ts';
import { type Service, startService } from '../harness/service.ts';
import { waitFor } from '../harness/waiting.ts';

const SECONDS = Number(process.env.CONSIGNEE_SURVIVAL_SECONDS ?? 4);
const SENDERS = 12;
const ROUNDS_LEAST = 3;

interface Sent {
  readonly body: string;
  /** The id it was answered with. */
  id?: string;
}

const ledger: Sent[] = [];
const unanswered: Sent[] = [];
const strange: unknown[] = [];

function next(round: number): Sent {
  // As a provider would, send again what was not answered; now and then something that was.
  const again = Math.random() < 0.5 ? unanswered.pop() : undefined;
  if (again) return again;
  if (ledger.length > 0 && Math.random() < 0.05)
    return ledger[Math.floor(Math.random() * ledger.length)] as Sent;
  const number = ledger.length + 1;
  const sent = { body: `{ "id":${number}, "type":"round-${round}","fill":"${'x'.repeat(number % 3_000)}"}` };
  ledger.push(sent);
  return sent;
}

async function deliverOne(service: Service, sent: Sent): Promise<boolean> {
  try {
    const { status, id } = await deliver(service, 'flexport', sent.body);
    if (status !== 200 || (sent.id !== undefined && sent.id !== id)) strange.push({ status, id, ...sent });
    sent.id = id;
    return true;
  } catch {
    // The process is gone.
    if (sent.id === undefined) unanswered.push(sent);
    return false;
  }
}

async function underLoad(service: Service, round: number, ms: number): Promise<void> {
  const senders = Array.from({ length: SENDERS }, async () => {
    while (await deliverOne(service, next(round)));
  });
  await new Promise((resolve) => setTimeout(resolve, ms));
  await service.kill('SIGKILL');
  await Promise.all(senders);
}

test(
  'after any number of kills every event that was answered is there once, unharmed, and done',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
    let round = 0;
    for (const end = Date.now() + SECONDS * 1_000; round < ROUNDS_LEAST || Date.now() < end; round++) {
      await underLoad(await startService({ folder }), round, 20 + Math.random() * 480);
    }

    const service = await startService({ folder });
    onTestFinished(() => void service.kill('SIGKILL'));
    for (const sent of unanswered) await deliverOne(service, sent);
    await waitFor(
      () => service.sql('SELECT * FROM work LIMIT 1').length === 0,
      60_000,
      () => JSON.stringify(service.sql('SELECT state, attempts, count(*) FROM work GROUP BY 1, 2')),
    );
    expect(strange).toEqual([]);
    const stored = service.sql<{ id: string; body: Uint8Array }>(
      "SELECT printf('evt_%014x', number) AS id, body FROM inbox",
    );
    const byId = new Map(stored.map(({ id, body }) => [id, Buffer.from(body).toString()]));
    expect(stored).toHaveLength(ledger.length);
    expect(ledger.filter(({ id, body }) => byId.get(String(id)) !== body)).toEqual([]);
    const done = service.sql<{ n: number }>(
      "SELECT count(DISTINCT event) AS n FROM attempts WHERE outcome = 'done'",
    );
    expect(done[0]?.n).toBe(ledger.length);
    expect(service.sql('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(ledger.length).toBeGreaterThan(round * 10);
    expect(await service.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  },
  SECONDS * 1_000 + 120_000,
);
